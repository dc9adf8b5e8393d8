/* What can be read as a finding or an incident is written the same way twice. */
#include <stdint.h>
#include <stdlib.h>

#include "model/finding_json.h"
#include "model/incident_json.h"
#include "model/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define DEFINE_ROUND_TRIP(model)                                                                   \
	static void model##_round_trip(struct str line, struct arena *arena)                       \
	{                                                                                          \
		struct model first, second;                                                        \
		struct buf once = {0}, twice = {0};                                                \
		arena_reset(arena);                                                                \
		if (model##_from_json(line, arena, &first, NULL) == 0) {                           \
			model##_to_json(&first, &once);                                            \
			arena_reset(arena);                                                        \
			if (once.len <= LINE_MAX_BYTES) {                                          \
				if (model##_from_json(buf_view(&once), arena, &second, NULL) != 0) \
					abort();                                                   \
				model##_to_json(&second, &twice);                                  \
				if (!str_equal(buf_view(&once), buf_view(&twice)))                 \
					abort();                                                   \
			}                                                                          \
		}                                                                                  \
		buf_fini(&once);                                                                   \
		buf_fini(&twice);                                                                  \
	}
DEFINE_ROUND_TRIP(finding)
DEFINE_ROUND_TRIP(incident)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena arena;
	struct str line = str_of(at, len);

	/* a byte may become six when it is written */
	if (arena_init(&arena, 6 * 24 * len + 64 * 1024) != 0)
		return 0;
	finding_round_trip(line, &arena);
	incident_round_trip(line, &arena);
	arena_fini(&arena);
	return 0;
}

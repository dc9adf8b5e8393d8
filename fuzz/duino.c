/* Lines of both sides (pieces.h) as one session of Duino-Coin. */
#include "decode/mining/duino.h"
#include "said.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct dialogue dialogue = {0};
	struct str rest = str_of(at, len);
	struct piece line;

	for (; piece_next_line(&rest, &line); piece_fini(&line)) {
		struct mining_message said;
		(void)duino_starts(line.bytes);
		if (!duino_read(&dialogue, line.side, line.bytes, &said))
			continue;
		assert(said.act != ACT_NONE);
		check_said(&said);
	}
	return 0;
}

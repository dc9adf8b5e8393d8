/*
 * A finding of GuardDuty's: whatever the JSON, what is read of it can be read, and the room that
 * takes it over tells one finding that says why.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/json.h"
#include "decode/record/acts.h"
#include "decode/record/guardduty_alert.h"
#include "detect/record_detector.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

extern const struct record_detector guardduty_detector;

enum { NODES = 4096, SCRATCH = 256 << 10, ROOM_FOR = 16 };

static void check(struct record_teller *teller, struct finding *finding)
{
	(void)teller;
	assert(finding->reason_count > 0 && finding->action_count > 0 && finding->title.len > 0);
	assert(finding->verdict != VERDICT_MINING && finding->confidence > 0);
}

static void read_alert(struct json_value whole, struct arena *scratch)
{
	struct guardduty_alert said;
	uint64_t mixed = 0;

	guardduty_alert_read(whole, scratch, &said);
	const struct str texts[] = {said.title,	    said.detector, said.remote,	   said.domain,
				    said.interface, said.cluster,  said.namespace, said.process};
	assert(said.count > 0 && said.local_count <= GUARDDUTY_LOCAL_MAX);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		mixed = hash_bytes(texts[i].at, texts[i].len, mixed);
	for (size_t i = 0; i < said.local_count; i++)
		mixed = hash_bytes(said.local[i].at, said.local[i].len, mixed);
}

static void take_over(struct record *record, struct arena *scratch)
{
	const struct record_settings settings = {.seed = 1, .capacity = ROOM_FOR};
	struct record_teller teller = {check};
	void *room = NULL;

	if (!acts_decode(RECORD_GUARDDUTY, record->whole, scratch, record))
		return;
	if (guardduty_detector.create(&settings, &room) < 0)
		abort();
	guardduty_detector.observe(room, record);
	guardduty_detector.observe(room, record);
	arena_reset(scratch);
	guardduty_detector.report(room, (instant){0}, scratch, &teller);
	guardduty_detector.destroy(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct json_node nodes[NODES];
	struct json doc = {.nodes = nodes, .cap = NODES};
	struct record record = {.kind = RECORD_GUARDDUTY, .source = STR("f")};
	struct arena scratch;

	record.text = str_of((const char *)bytes, size);
	if (json_read(&doc, record.text) == 0)
		return 0;
	if (arena_init(&scratch, SCRATCH) < 0)
		abort();
	record.whole = json_root(&doc);
	read_alert(record.whole, &scratch);
	arena_reset(&scratch);
	take_over(&record, &scratch);
	arena_fini(&scratch);
	return 0;
}

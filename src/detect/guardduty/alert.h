/* A finding of GuardDuty's as this room keeps it, and tells it. Inside this room only. */
#ifndef DAVY_DETECT_GUARDDUTY_ALERT_H
#define DAVY_DETECT_GUARDDUTY_ALERT_H

#include "base/arena.h"
#include "decode/record/guardduty_alert.h"
#include "detect/cloud_steps.h"
#include "detect/credentials.h"
#include "detect/guardduty/meaning.h"
#include "detect/record_detector.h"

enum { ALERT_TEXT = 128, ALERT_NAMES = 4 };

struct alert {
	uint64_t key[2]; /* of account and id */
	/* the newest version of it counts; of two of the same moment the one with the lesser mark
	 */
	instant updated;
	uint64_t mark;
	instant first, last; /* over all versions, as the count */
	uint64_t count;
	const struct alert_meaning *meaning;
	enum severity severity;
	enum identity_kind who;
	bool is_set, is_sample, is_archived, remote_acts;
	char id[ALERT_TEXT], type[ALERT_TEXT], title[2 * ALERT_TEXT];
	char account[32], region[32], detector[48];
	char name[2 * ALERT_TEXT], key_id[48], session[ALERT_TEXT];
	char instance[32], interface[32];
	char cluster[ALERT_TEXT], namespace[64], kind[32], workload[ALERT_TEXT];
	char function[ALERT_TEXT], database[ALERT_TEXT], image[2 * ALERT_TEXT];
	char buckets[ALERT_NAMES][80];
	char local[GUARDDUTY_LOCAL_MAX][48], remote[ALERT_TEXT], domain[ALERT_TEXT];
	char process[2 * ALERT_TEXT];
	struct kept_evidence evidence;
};

void alert_take(struct alert *alert, const struct record *record,
		const struct guardduty_alert *said, uint64_t mark);
void alert_tell(const struct alert *alert, struct arena *scratch, struct record_teller *teller);

#endif

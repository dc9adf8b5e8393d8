/* What a type of GuardDuty's means for Davy. Inside this room only. */
#ifndef DAVY_DETECT_GUARDDUTY_MEANING_H
#define DAVY_DETECT_GUARDDUTY_MEANING_H

#include "base/str.h"
#include "model/finding.h"

struct alert_meaning {
	const char *begins, *holds; /* of the type; holds: NULL for anything */
	enum verdict verdict;
	const char *technique; /* NULL: none */
	const char *says;      /* "something there mines" */
};

/* The first that fits; there is always one. type: "CryptoCurrency:EC2/BitcoinTool.B!DNS" */
const struct alert_meaning *alert_meaning_of(struct str type);

/* 1 to 10 -> a severity: GuardDuty's own bounds. */
enum severity alert_severity(double severity);

#endif

/*
 * A finding: one detector's claim about one subject, with its reasons and the evidence quoted.
 *
 * A finding has message lifetime: it is built from views (into a session's state, an arena or a
 * parsed JSON document), handed to a sink, and gone. Whoever must keep one keeps its JSON form
 * (model/finding_json.h), which is the same on stdout, between processes and in the store.
 */
#ifndef DAVY_MODEL_FINDING_H
#define DAVY_MODEL_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/str.h"

enum verdict {
	VERDICT_SIGNAL,
	VERDICT_ACCESS,
	VERDICT_EXPOSURE,
	VERDICT_SUSPECT,
	VERDICT_MINER,
	VERDICT_MINING,
	VERDICT_COUNT
};

enum severity {
	SEVERITY_INFO,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL,
	SEVERITY_COUNT
};

const char *verdict_name(enum verdict verdict); /* "mining", as in JSON and on the command line */
must_check bool verdict_from_name(struct str name, enum verdict *out);
const char *severity_name(enum severity severity);
must_check bool severity_from_name(struct str name, enum severity *out);

/* One named value; lists hold texts only. Names are literals or views, never owned. */
enum fact_kind { FACT_TEXT, FACT_NUMBER, FACT_REAL, FACT_TRUTH, FACT_TEXTS };

struct fact {
	struct str name;
	enum fact_kind kind;
	struct str text;
	uint64_t number;
	double real;
	bool truth;
	const struct str *texts;
	size_t text_count;
};

enum { FACTS_MAX = 48 };

struct facts {
	struct fact at[FACTS_MAX];
	size_t count;
};

/* Add to the list; an empty text or list is left out, so absent values need no `if`. */
void facts_add_text(struct facts *facts, const char *name, struct str text);
void facts_add_number(struct facts *facts, const char *name, uint64_t number);
void facts_add_real(struct facts *facts, const char *name, double real);
void facts_add_truth(struct facts *facts, const char *name, bool truth);
void facts_add_texts(struct facts *facts, const char *name, const struct str *texts, size_t count);
const struct fact *facts_find(const struct facts *facts, struct str name);
struct str facts_text(const struct facts *facts, struct str name); /* empty when absent */
uint64_t facts_number(const struct facts *facts, struct str name); /* 0 when absent */

/* Whom a fact is about: type "flow" has client, server, protocol; other types their own keys. */
struct subject {
	struct str type;
	struct facts keys;
};

struct evidence {
	struct str source; /* file name or interface */
	uint64_t offset;   /* byte in the file; with has_offset */
	bool has_offset;
	instant time;
	struct str quote; /* hostile bytes, cut to EVIDENCE_QUOTE_MAX */
};

struct action {
	struct str text;    /* what it does, in words */
	struct str command; /* ready to paste, shell-quoted */
	struct str undo;    /* the command that takes it back; empty: cannot be undone */
};

enum {
	FINDING_TECHNIQUES_MAX = 4,
	FINDING_REASONS_MAX = 16,
	FINDING_EVIDENCE_MAX = 8,
	FINDING_RESOURCES_MAX = 16,
	FINDING_ACTIONS_MAX = 8,
	EVIDENCE_QUOTE_MAX = 400
};

struct rule {
	struct str id, title, author, license, path; /* id empty: not rule-based */
};

struct finding {
	struct str id; /* stable for one subject, detector and rule: finding_identify() */
	uint32_t revision;
	struct str detector;
	struct rule rule;
	enum verdict verdict;
	enum severity severity;
	double confidence; /* 0..1: of findings >= 0.9, at least 90 in 100 of our labelled sets are
			      true */
	struct str techniques[FINDING_TECHNIQUES_MAX];
	size_t technique_count;
	struct str title;
	instant first_seen, last_seen;
	struct subject subject;
	struct facts actor; /* empty: unknown */
	struct str resources[FINDING_RESOURCES_MAX];
	size_t resource_count;
	struct str reasons[FINDING_REASONS_MAX];
	size_t reason_count;
	struct evidence evidence[FINDING_EVIDENCE_MAX];
	size_t evidence_count;
	struct facts facts;
	struct action actions[FINDING_ACTIONS_MAX];
	size_t action_count;
};

/* Appends that silently stop at the maximum and ignore empty texts. */
void finding_add_reason(struct finding *finding, struct str reason);
void finding_add_technique(struct finding *finding, struct str technique);
void finding_add_evidence(struct finding *finding, struct evidence evidence);
void finding_add_action(struct finding *finding, struct action action);

enum { FINDING_ID_LEN = 16 };

/*
 * The id of a finding: 16 hex digits of XXH3-64 over detector, rule id, subject type and keys, so
 * that the same flow seen by several sensors, or in a later run, has the same id.
 */
void finding_identify(const struct finding *finding, char id[FINDING_ID_LEN + 1]);

/* Where findings go: a printer, a pipe to the core, a store. Called with message-lifetime data. */
struct finding_sink {
	void (*take)(struct finding_sink *sink, const struct finding *finding);
};

#endif

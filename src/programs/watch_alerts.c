#include "programs/watch_alerts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/table.h"
#include "detect/authorised.h"
#include "model/line.h"
#include "programs/watch_summary.h"
#include "report/finding_text.h"
#include "report/layout.h"

enum {
	KINDS_MAX = 32, /* detectors times verdicts, as far as they are counted one by one */
	DETECTOR_MAX = 40,
	MINUTE_S = 60,
	/* classes of the table of known findings */
	CLASS_LIGHT = 0,
	CLASS_MINER = 1,
	CLASS_MINING = 2,
};

struct known {
	char id[FINDING_ID_LEN];
	uint8_t verdict;
	bool has_shares;
};

/* Alerts of one verdict and detector in the minute that began with the first of them. */
struct kind {
	bool is_used;
	uint8_t verdict;
	char detector[DETECTOR_MAX];
	size_t detector_len;
	instant began;
	uint64_t told, folded;
	char latest[FINDING_ID_LEN]; /* of those folded */
};

struct alerts {
	struct alert_settings settings;
	struct table *known;
	/* behind those told apart, one of each verdict for all other detectors */
	struct kind kinds[KINDS_MAX + VERDICT_COUNT];
	struct alert_counters counters;
};

int alerts_new(const struct alert_settings *settings, uint32_t known, uint64_t seed,
	       struct alerts **out)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));
	struct table_settings table = {.capacity = known,
				       .entry_size = sizeof(struct known),
				       .key_size = FINDING_ID_LEN,
				       .seed = seed,
				       .class_share = {0, 0.5, 0.9}};

	if (!alerts)
		return -ENOMEM;
	alerts->settings = *settings;
	int r = table_new(&table, &alerts->known);
	if (r < 0) {
		free(alerts);
		return r;
	}
	*out = alerts;
	return 0;
}

void alerts_free(struct alerts *alerts)
{
	if (!alerts)
		return;
	table_free(alerts->known);
	free(alerts);
}

void alerts_set(struct alerts *alerts, const struct alert_settings *settings)
{
	alerts->settings = *settings;
}

struct alert_counters alerts_counters(const struct alerts *alerts)
{
	return alerts->counters;
}

/* -- what is known -- */

enum news { NEWS_NONE, NEWS_FIRST, NEWS_GRAVER, NEWS_SHARES };

static unsigned class_of(enum verdict verdict)
{
	return verdict == VERDICT_MINING  ? CLASS_MINING
	       : verdict == VERDICT_MINER ? CLASS_MINER
					  : CLASS_LIGHT;
}

/* Notes it; before: what it was known as, when it is graver now. */
static enum news learn(struct alerts *alerts, const struct finding *finding, enum verdict *before)
{
	char key[FINDING_ID_LEN];
	bool has_shares = finding->verdict == VERDICT_MINING &&
			  facts_number(&finding->facts, STR("accepted")) > 0;
	enum news news = NEWS_NONE;

	if (finding->id.len != FINDING_ID_LEN)
		return NEWS_FIRST;
	memcpy(key, finding->id.at, FINDING_ID_LEN);
	uint64_t hash = table_hash(alerts->known, key);
	struct known *known = table_find(alerts->known, key, hash);
	if (!known) {
		news = NEWS_FIRST;
		known = table_insert(alerts->known, key, hash, finding->last_seen);
	} else if (known->verdict < finding->verdict) {
		news = NEWS_GRAVER;
	} else if (known->verdict == finding->verdict && has_shares && !known->has_shares) {
		news = NEWS_SHARES;
	}
	table_touch(alerts->known, known, finding->last_seen);
	if (news == NEWS_NONE)
		return news;
	*before = known->verdict;
	known->verdict = (uint8_t)finding->verdict;
	known->has_shares |= has_shares;
	table_set_class(alerts->known, known, class_of(finding->verdict));
	return news;
}

/* Told as mining before, and again as soon as it is not authorised any more. */
static void forget(struct alerts *alerts, const struct finding *finding)
{
	char key[FINDING_ID_LEN];

	if (finding->id.len != FINDING_ID_LEN)
		return;
	memcpy(key, finding->id.at, FINDING_ID_LEN);
	struct known *known = table_find(alerts->known, key, table_hash(alerts->known, key));
	if (known)
		table_remove(alerts->known, known);
}

void alerts_remember(struct alerts *alerts, const struct finding *finding)
{
	enum verdict before;

	(void)learn(alerts, finding, &before);
}

/* -- how many -- */

static uint64_t budget(const struct alerts *alerts, uint8_t verdict)
{
	uint32_t most = verdict == VERDICT_MINING ? alerts->settings.mining_per_minute
						  : alerts->settings.per_minute;

	return most ? most : UINT64_MAX;
}

static struct kind *find_kind(struct alerts *alerts, const struct finding *finding, instant now)
{
	struct str detector = str_sub(finding->detector, 0, DETECTOR_MAX);
	struct kind *free_one = NULL;

	for (size_t i = 0; i < KINDS_MAX; i++) {
		struct kind *kind = &alerts->kinds[i];
		if (!kind->is_used && !free_one)
			free_one = kind;
		if (kind->is_used && kind->verdict == finding->verdict &&
		    str_equal(str_of(kind->detector, kind->detector_len), detector))
			return kind;
	}
	if (!free_one) {
		free_one = &alerts->kinds[KINDS_MAX + finding->verdict];
		if (free_one->is_used)
			return free_one;
		detector = STR("other detectors");
	}
	*free_one = (struct kind){.is_used = true,
				  .verdict = (uint8_t)finding->verdict,
				  .detector_len = detector.len,
				  .began = now};
	memcpy(free_one->detector, detector.at, detector.len);
	return free_one;
}

static void add_folded_sentence(struct buf *out, const struct kind *kind)
{
	buf_add_text(out, "and ");
	buf_add_grouped(out, kind->folded);
	buf_printf(out, " more of the kind %s (", verdict_name(kind->verdict));
	buf_add_printable(out, str_of(kind->detector, kind->detector_len), DETECTOR_MAX);
	buf_add_text(out, ") in the last minute. They are stored; the latest: davy show ");
	buf_add_printable(out, str_of(kind->latest, FINDING_ID_LEN), FINDING_ID_LEN);
}

static void add_folded_json(struct buf *out, const struct kind *kind, instant now)
{
	struct json_writer w = {.out = out};

	json_open(&w, '{');
	line_write_text(&w, "kind", STR("folded"));
	json_key_unsigned(&w, "schema", LINE_SCHEMA);
	line_write_text(&w, "verdict", str_from(verdict_name(kind->verdict)));
	line_write_text(&w, "detector", str_of(kind->detector, kind->detector_len));
	json_key_unsigned(&w, "count", kind->folded);
	line_write_instant(&w, "since", kind->began);
	line_write_instant(&w, "until", now);
	line_write_text(&w, "latest", str_of(kind->latest, FINDING_ID_LEN));
	json_close(&w, '}');
}

static void add_journal_start(struct buf *out, uint8_t verdict)
{
	buf_printf(out, "<%d>davy: ", verdict >= VERDICT_MINER ? 2 : 4);
}

static void end_minute(struct alerts *alerts, struct kind *kind, instant now,
		       struct alert_texts *out)
{
	if (kind->folded > 0 && alerts->settings.writes_report) {
		if (alerts->settings.is_json)
			add_folded_json(&out->report, kind, now);
		else
			add_folded_sentence(&out->report, kind);
		buf_add_byte(&out->report, '\n');
	}
	if (kind->folded > 0 && alerts->settings.writes_journal) {
		add_journal_start(&out->journal, kind->verdict);
		add_folded_sentence(&out->journal, kind);
		buf_add_byte(&out->journal, '\n');
	}
	*kind = (struct kind){0};
}

void alerts_tick(struct alerts *alerts, instant now, struct alert_texts *out)
{
	for (size_t i = 0; i < KINDS_MAX + VERDICT_COUNT; i++) {
		struct kind *kind = &alerts->kinds[i];
		int64_t age = instant_since(now, kind->began).ns;
		/* a clock set back must not make a minute last for ever */
		if (kind->is_used && (age < 0 || age >= DURATION_S(MINUTE_S).ns))
			end_minute(alerts, kind, now, out);
	}
}

void alerts_flush(struct alerts *alerts, instant now, struct alert_texts *out)
{
	for (size_t i = 0; i < KINDS_MAX + VERDICT_COUNT; i++)
		if (alerts->kinds[i].is_used)
			end_minute(alerts, &alerts->kinds[i], now, out);
}

/* -- telling -- */

/* Whose story was told when the login was: not all of it again. */
static void add_shares(const struct finding *finding, const struct report_style *style,
		       struct buf *out)
{
	report_painted(out, style, report_verdict_paint(finding->verdict), STR("MINING"));
	buf_add_text(out, "  ");
	report_title(out, style, finding->title);
	buf_printf(out,
		   "\n  %-10stold before; now the pool has accepted shares, the proofs of work\n",
		   "again");
}

static void add_report(const struct alerts *alerts, const struct finding *finding, struct str json,
		       enum news news, enum verdict before, struct buf *out)
{
	if (alerts->settings.is_json) {
		buf_add(out, json);
		buf_add_byte(out, '\n');
		return;
	}
	if (news == NEWS_SHARES)
		add_shares(finding, &alerts->settings.style, out);
	else
		report_finding_short(out, &alerts->settings.style, finding);
	if (news == NEWS_GRAVER)
		buf_printf(out, "  %-10stold before as %s, and graver now\n", "again",
			   verdict_name(before));
	buf_printf(out, "  %-10sdavy show ", "more");
	buf_add_printable(out, finding->id, FINDING_ID_LEN);
	buf_add_text(out, "\n\n");
}

static void add_journal(const struct finding *finding, enum news news, struct buf *out)
{
	add_journal_start(out, finding->verdict);
	buf_printf(out, "%s id=", verdict_name(finding->verdict));
	buf_add_printable(out, finding->id, FINDING_ID_LEN);
	buf_printf(out, " confidence=%.2f %s", finding->confidence,
		   news == NEWS_FIRST ? "" : "again: ");
	buf_add_printable(out, finding->title, 300);
	if (finding->reason_count > 0) {
		buf_add_text(out, ": ");
		buf_add_printable(out, finding->reasons[0], 200);
	}
	buf_add_byte(out, '\n');
}

void alerts_take(struct alerts *alerts, const struct finding *finding, struct str json, instant now,
		 struct alert_texts *out)
{
	enum verdict before = VERDICT_SIGNAL;
	if (authorised_is_told(finding)) { /* stored, and never an alert */
		forget(alerts, finding);
		return;
	}
	enum news news = learn(alerts, finding, &before);

	if (news == NEWS_FIRST || news == NEWS_GRAVER)
		alerts->counters.findings[finding->verdict]++;
	if (news == NEWS_GRAVER && alerts->counters.findings[before] > 0)
		alerts->counters.findings[before]--;
	if (news == NEWS_NONE || finding->verdict < alerts->settings.verdict)
		return;
	alerts_tick(alerts, now, out);
	struct kind *kind = find_kind(alerts, finding, now);
	if (kind->told >= budget(alerts, kind->verdict)) {
		kind->folded++;
		alerts->counters.folded++;
		if (finding->id.len == FINDING_ID_LEN)
			memcpy(kind->latest, finding->id.at, FINDING_ID_LEN);
		return;
	}
	kind->told++;
	alerts->counters.told++;
	if (alerts->settings.writes_report)
		add_report(alerts, finding, json, news, before, &out->report);
	if (alerts->settings.writes_journal)
		add_journal(finding, news, &out->journal);
}

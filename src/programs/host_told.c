#include "programs/host_told.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/table.h"
#include "detect/authorised.h"
#include "model/finding_json.h"
#include "programs/watch.h"

enum { SUBJECTS_MAX = 1024, RENEW_S = 60, KEPT_MAX = 64 };

struct subject_told {
	uint64_t id;
	instant at;
	uint32_t revision;
	uint8_t verdict;
	uint8_t would_be; /* the verdict, were it not authorised */
	bool has_stay;	  /* how it stays was told */
	bool has_session; /* that it holds a mining session's connection was told */
	uint8_t kept;	  /* with is_once: 1 + where its line is kept */
};

struct host_told {
	struct channel *channel;
	bool is_once;
	struct table *subjects;
	char id[FINDING_ID_LEN + 1]; /* of the finding in hand */
	struct buf line;
	struct buf kept[KEPT_MAX];
	size_t kept_count;
	struct host_told_counters counters;
};

int host_told_new(struct channel *channel, bool is_once, uint64_t seed, struct host_told **out)
{
	const struct table_settings subjects = {.capacity = SUBJECTS_MAX,
						.entry_size = sizeof(struct subject_told),
						.key_size = sizeof(uint64_t),
						.seed = seed};
	struct host_told *t = calloc(1, sizeof(*t));

	if (!t || table_new(&subjects, &t->subjects) < 0) {
		host_told_free(t);
		return -ENOMEM;
	}
	t->channel = channel;
	t->is_once = is_once;
	*out = t;
	return 0;
}

void host_told_free(struct host_told *told)
{
	if (!told)
		return;
	table_free(told->subjects);
	for (size_t i = 0; i < told->kept_count; i++)
		buf_fini(&told->kept[i]);
	buf_fini(&told->line);
	free(told);
}

static struct subject_told *subject_of(struct host_told *t, const char *id, instant now)
{
	const uint64_t key = strtoull(id, NULL, 16);
	uint64_t hash = table_hash(t->subjects, &key);
	struct subject_told *told = table_find(t->subjects, &key, hash);

	if (!told)
		told = table_insert(t->subjects, &key, hash, now);
	if (told)
		table_touch(t->subjects, told, now);
	return told;
}

static bool has_stay(const struct finding *finding)
{
	return facts_find(&finding->facts, STR("stays_by")) != NULL;
}

static bool has_session(const struct finding *finding)
{
	return facts_find(&finding->facts, STR("sessions")) != NULL;
}

static uint8_t would_be(const struct finding *finding)
{
	enum verdict verdict = finding->verdict;

	if (authorised_is_told(finding) &&
	    !verdict_from_name(facts_text(&finding->facts, STR("authorised_as")), &verdict))
		verdict = finding->verdict;
	return (uint8_t)verdict;
}

/* News: a new subject, another verdict, how it stays, a session, or a minute that went on. */
static bool is_news(const struct host_told *t, const struct subject_told *told,
		    const struct finding *finding, instant now)
{
	return told->revision == 0 || told->verdict != finding->verdict ||
	       told->would_be < would_be(finding) || t->is_once ||
	       (!told->has_stay && has_stay(finding)) ||
	       (!told->has_session && has_session(finding)) ||
	       instant_since(now, told->at).ns >= DURATION_S(RENEW_S).ns;
}

static void send_finding(struct host_told *t, struct subject_told *told)
{
	if (t->is_once && (told->kept > 0 || t->kept_count < KEPT_MAX)) {
		if (told->kept == 0)
			told->kept = (uint8_t)++t->kept_count;
		struct buf *kept = &t->kept[told->kept - 1];
		buf_clear(kept);
		buf_add(kept, buf_view(&t->line));
		return;
	}
	t->counters.findings++;
	if (t->line.failed || channel_tell(t->channel, WATCH_FINDING, buf_view(&t->line)) != 0)
		t->counters.lost++;
}

void host_told_take(struct host_told *t, struct finding *finding, instant now)
{
	finding_identify(finding, t->id);
	struct subject_told *told = subject_of(t, t->id, now);

	if (!told || !is_news(t, told, finding, now))
		return;
	/* what was convincing once does not become less so because the miner rests */
	if (told->revision > 0 && told->verdict > finding->verdict && !authorised_is_told(finding))
		return;
	table_set_class(t->subjects, told, finding->verdict == VERDICT_MINING ? 2 : 1);
	told->verdict = (uint8_t)finding->verdict;
	told->would_be = would_be(finding);
	told->has_stay = has_stay(finding);
	told->has_session = has_session(finding);
	told->at = now;
	told->revision++;
	finding->revision = t->is_once ? 1 : told->revision;
	finding->id = str_from(t->id);
	buf_clear(&t->line);
	finding_to_json(finding, &t->line);
	send_finding(t, told);
}

void host_told_end(struct host_told *told)
{
	for (size_t i = 0; i < told->kept_count; i++) {
		const struct buf *kept = &told->kept[i];
		told->counters.findings++;
		if (kept->failed || channel_tell(told->channel, WATCH_FINDING, buf_view(kept)) != 0)
			told->counters.lost++;
	}
}

struct host_told_counters host_told_count(const struct host_told *told)
{
	return told->counters;
}

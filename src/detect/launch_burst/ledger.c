#include "detect/launch_burst/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "detect/computing_fields.h"
#include "detect/launch_burst/shapes.h"
#include "model/record_excerpt.h"

enum {
	IDENTITIES = 4096,
	LINES_EACH = 8,	 /* lines for each identity that is remembered, in the mean */
	SEEN_EACH = 32,	 /* acts whose repetition is known */
	LARGE_VCPU = 16, /* from here on an act is worth more memory than others */
	LARGE_COUNT = 10,
	HOUR_S = 3600,
};

struct ledger {
	const struct computing_prices *prices;
	struct identities *identities;
	struct table *lines, *seen;
	struct shapes *shapes;
	struct ledger_line **sorted;
	size_t sorted_count;
	instant begins;
	struct computing_scratch scratch;
};

struct seen {
	uint64_t mark;
};

static int open_tables(struct ledger *ledger, const struct record_settings *settings)
{
	struct record_settings own = *settings;

	own.capacity = settings->capacity ? settings->capacity : IDENTITIES;
	const uint32_t lines = own.capacity * LINES_EACH;
	ledger->sorted = calloc(lines, sizeof(struct ledger_line *));
	int r = ledger->sorted ? 0 : -ENOMEM;
	if (r == 0)
		r = watched_table_new(own.seed, lines, sizeof(struct ledger_line),
				      sizeof(((struct ledger_line *)0)->key), &ledger->lines);
	if (r == 0)
		r = watched_table_new(own.seed, own.capacity * SEEN_EACH, sizeof(struct seen),
				      sizeof(struct seen), &ledger->seen);
	if (r == 0)
		r = shapes_new(&own, &ledger->shapes);
	if (r == 0)
		r = identities_new(&own, sizeof(struct ledger_launches), &ledger->identities);
	return r;
}

int ledger_new(const struct record_settings *settings, struct ledger **out)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return -ENOMEM;
	ledger->prices = settings->prices;
	if (open_tables(ledger, settings) < 0) {
		ledger_free(ledger);
		return -ENOMEM;
	}
	*out = ledger;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	table_free(ledger->lines);
	table_free(ledger->seen);
	shapes_free(ledger->shapes);
	identities_free(ledger->identities);
	free(ledger->sorted);
	free(ledger);
}

const struct computing_prices *ledger_prices(const struct ledger *ledger)
{
	return ledger->prices;
}

struct identities *ledger_identities(struct ledger *ledger)
{
	return ledger->identities;
}

instant ledger_begins(const struct ledger *ledger)
{
	return ledger->begins;
}

const struct ledger_launches *ledger_launches(struct ledger *ledger, struct identity *identity)
{
	return identities_apart(ledger->identities, identity);
}

static void copy_text(char *out, size_t cap, struct str text)
{
	text = str_sub(text, 0, cap - 1);
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = '\0';
}

/* Google's zone "us-central1-a" lies in the region "us-central1". */
static struct str region_of(const struct record_act *act)
{
	struct str region = act->region;
	size_t len = region.len;

	if (act->provider == PROVIDER_GCP && len > 2 && region.at[len - 2] == '-' &&
	    region.at[len - 1] >= 'a' && region.at[len - 1] <= 'z')
		region.len -= 2;
	return region;
}

static struct ledger_line line_of(const struct record *record, const struct computing_act *asked,
				  const struct identity *identity)
{
	const struct record_act *act = &record->act;
	struct ledger_line line = {
		.identity = {identity->key[0], identity->key[1]},
		.hour = record->time.ns / ((int64_t)HOUR_S * 1000000000),
		.kind = asked->kind,
		.outcome = act->outcome,
		.service = asked->service,
		.vcpu = asked->vcpu,
		.gpu = asked->gpu,
		.thing = shape_key(act, asked->name_kind, asked->names[0]),
		.protects = asked->protects,
		.quota = -1,
	};

	for (int i = 0; i < COMPUTING_NAMES; i++)
		line.made_of[i] = shape_key(act, asked->made_of_kind, asked->made_of[i]);
	copy_text(line.region, sizeof(line.region), region_of(act));
	copy_text(line.type, sizeof(line.type), asked->type);
	copy_text(line.quota_code, sizeof(line.quota_code), asked->quota_code);
	return line;
}

/* All that makes a line another one; everything else of it is added up. */
static void set_key(struct ledger_line *line)
{
	uint64_t hash = hash_bytes(line->identity, sizeof(line->identity), 1);

	hash = hash_bytes(&line->hour, sizeof(line->hour), hash);
	const uint64_t numbers[] = {line->kind,	      line->outcome,	line->thing,
				    line->made_of[0], line->made_of[1], line->protects};
	const double figures[] = {line->vcpu, line->gpu};
	hash = hash_bytes(numbers, sizeof(numbers), hash);
	hash = hash_bytes(figures, sizeof(figures), hash);
	hash = hash_bytes(line->service, strlen(line->service) + 1, hash);
	hash = hash_bytes(line->region, strlen(line->region) + 1, hash);
	hash = hash_bytes(line->type, strlen(line->type) + 1, hash);
	line->key[0] = hash_bytes(line->quota_code, strlen(line->quota_code) + 1, hash);
	line->key[1] = hash_bytes(&line->key[0], sizeof(line->key[0]), line->identity[1]);
}

/* The first act of a line is quoted; of two at the same time the one with the lesser mark. */
static void keep_evidence(struct ledger_line *line, const struct record *record)
{
	uint64_t mark = record_mark(record);
	bool is_first = line->acts == 0 || record->time.ns < line->first.ns ||
			(record->time.ns == line->first.ns && mark < line->first_mark);

	if (!is_first)
		return;
	CLEANUP(buf_fini) struct buf quote = {.limit = 4096};
	record_excerpt(record, &quote);
	line->first_mark = mark;
	copy_text(line->source, sizeof(line->source), record->source);
	line->offset = record->offset;
	copy_text(line->quote, sizeof(line->quote), buf_view(&quote));
}

static void add_to_line(struct ledger_line *line, const struct record *record,
			const struct computing_act *asked)
{
	keep_evidence(line, record);
	line->acts++;
	if (asked->kind == COMPUTING_LEVEL)
		line->count = line->count > asked->count ? line->count : asked->count;
	else
		line->count += asked->count;
	if (line->first.ns == 0 || record->time.ns < line->first.ns)
		line->first = record->time;
	if (record->time.ns > line->last.ns)
		line->last = record->time;
	line->has_mfa |= record->act.identity.has_mfa;
	line->lacks_mfa |= !record->act.identity.has_mfa;
	if (asked->quota > line->quota)
		line->quota = asked->quota;
}

/* 2: worth keeping when a flood comes; 1: something was done; 0: read or refused. */
static unsigned weight(const struct ledger *ledger, const struct record_act *act,
		       const struct computing_act *asked)
{
	if (asked->kind != COMPUTING_CREATE && asked->kind != COMPUTING_LEVEL)
		return asked->kind == COMPUTING_QUOTA_READ || act->outcome != OUTCOME_DONE ? 0 : 1;
	if (act->outcome != OUTCOME_DONE)
		return 0;
	struct computing_price each =
		computing_prices_find(ledger->prices, act->provider, asked->type);
	double vcpu = asked->vcpu >= 0 ? asked->vcpu : each.vcpu > 0 ? each.vcpu : 1;
	bool is_large = asked->count >= LARGE_COUNT || each.gpu > 0 || asked->gpu > 0 ||
			vcpu * (double)asked->count >= LARGE_VCPU;
	return is_large ? 2 : 1;
}

static struct ledger_line *find_line(struct ledger *ledger, const struct ledger_line *wanted,
				     unsigned class, instant now)
{
	uint64_t hash = table_hash(ledger->lines, wanted->key);
	struct ledger_line *line = table_find(ledger->lines, wanted->key, hash);

	if (!line) {
		line = table_insert(ledger->lines, wanted->key, hash, now);
		*line = *wanted;
	}
	table_touch(ledger->lines, line, now);
	if (table_class(ledger->lines, line) < class)
		table_set_class(ledger->lines, line, class);
	return line;
}

/* True for the second and every later time. */
static bool was_seen(struct ledger *ledger, const struct record *record, unsigned class)
{
	struct seen key = {record_mark(record)};
	uint64_t hash = table_hash(ledger->seen, &key);
	void *entry = table_find(ledger->seen, &key, hash);

	if (entry)
		return true;
	entry = table_insert(ledger->seen, &key, hash, record->time);
	if (class > 0)
		table_set_class(ledger->seen, entry, class);
	return false;
}

static void keep_launched(struct ledger_launches *launches, const struct record *record,
			  struct str id)
{
	uint64_t order = hash_bytes(id.at, id.len, 1);
	struct ledger_launched *place = NULL, *most = &launches->at[0];

	if (id.len == 0 || id.len >= sizeof(place->id))
		return;
	for (int i = 0; i < LAUNCHED_MAX; i++) {
		struct ledger_launched *one = &launches->at[i];
		if (one->order == order) { /* a machine that is written again was made before */
			if (record->time.ns < one->time.ns)
				one->time = record->time;
			return;
		}
		if (one->order == 0 && !place)
			place = one;
		if (one->order > most->order)
			most = one;
	}
	if (!place) {
		launches->has_more = true;
		if (most->order < order)
			return;
		place = most;
	}
	place->order = order;
	copy_text(place->id, sizeof(place->id), id);
	copy_text(place->region, sizeof(place->region), region_of(&record->act));
	place->time = record->time;
}

/* Of EC2 the ids in the answer; of Azure and Google the name of the machine itself. */
static void keep_ids(struct ledger *ledger, struct identity *identity, const struct record *record,
		     const struct computing_act *asked)
{
	struct ledger_launches *launches = identities_apart(ledger->identities, identity);
	struct json_value items =
		computing_member(computing_member(record->act.response, "instancesSet"), "items");

	if (record->act.outcome != OUTCOME_DONE)
		return;
	for (struct json_value one = json_first(items); json_exists(one); one = json_next(one))
		keep_launched(launches, record, json_raw_text(json_member(one, STR("instanceId"))));
	if (asked->kind == COMPUTING_LEVEL && record->act.provider != PROVIDER_AWS)
		keep_launched(launches, record, asked->names[0]);
}

/* Services that start machines because of a group or job somebody made, which is in the ledger. */
static bool acts_for_a_group(const struct record_identity *who)
{
	static const char *const services[] = {
		"autoscaling",
		"spot",
		"spotfleet",
		"ec2fleet",
		"eks",
		"eks-nodegroup",
		"ecs",
		"batch",
		"elasticmapreduce",
		"application-autoscaling",
		"ecs.application-autoscaling",
		"sagemaker",
	};
	struct str first = who->invoked_by;
	ptrdiff_t end = str_find(first, STR(".amazonaws.com"));

	if (end >= 0)
		first.len = (size_t)end;
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++)
		if (str_equal_nocase(first, str_from(services[i])))
			return true;
	return who->kind == IDENTITY_SERVICE;
}

static bool is_of_acts(const struct record *record)
{
	return record->kind != RECORD_FLOW && record->kind != RECORD_LOOKUP &&
	       record->kind != RECORD_GUARDDUTY && record->kind != RECORD_OTHER;
}

void ledger_take(struct ledger *ledger, const struct record *record)
{
	const struct record_identity *who = &record->act.identity;
	struct computing_act asked;

	if (!is_of_acts(record))
		return;
	if (record->time.ns > 0 && (ledger->begins.ns == 0 || record->time.ns < ledger->begins.ns))
		ledger->begins = record->time;
	if (!computing_read(&record->act, &ledger->scratch, &asked))
		return;
	if (record->act.outcome == OUTCOME_DONE || record->act.outcome == OUTCOME_UNKNOWN)
		shapes_learn(ledger->shapes, record, &asked);
	struct str by = who->name.len > 0 ? who->name : who->key_id;
	unsigned class = weight(ledger, &record->act, &asked);
	if (asked.kind == COMPUTING_SHAPE || by.len == 0 || acts_for_a_group(who) ||
	    was_seen(ledger, record, class))
		return;
	struct identity *identity = identities_take(ledger->identities, by, record);

	identities_watch(ledger->identities, identity, class);
	if (asked.kind == COMPUTING_CREATE || asked.kind == COMPUTING_LEVEL)
		keep_ids(ledger, identity, record, &asked);
	struct ledger_line line = line_of(record, &asked, identity);
	set_key(&line);
	add_to_line(find_line(ledger, &line, class, record->time), record, &asked);
}

static void collect(void *context, void *entry)
{
	struct ledger *ledger = context;

	ledger->sorted[ledger->sorted_count++] = entry;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_identities(const struct ledger_line *a, const struct ledger_line *b)
{
	int order = compare_numbers(a->identity[0], b->identity[0]);

	return order ? order : compare_numbers(a->identity[1], b->identity[1]);
}

static int by_thing(const void *left, const void *right)
{
	const struct ledger_line *a = *(struct ledger_line *const *)left;
	const struct ledger_line *b = *(struct ledger_line *const *)right;
	int order = compare_identities(a, b);

	if (order == 0)
		order = compare_numbers(a->thing, b->thing);
	if (order == 0)
		order = (a->hour > b->hour) - (a->hour < b->hour);
	return order ? order : memcmp(a->key, b->key, sizeof(a->key));
}

static int by_hour(const void *left, const void *right)
{
	const struct ledger_line *a = *(struct ledger_line *const *)left;
	const struct ledger_line *b = *(struct ledger_line *const *)right;
	int order = compare_identities(a, b);

	if (order == 0)
		order = (a->hour > b->hour) - (a->hour < b->hour);
	if (order == 0)
		order = (a->first.ns > b->first.ns) - (a->first.ns < b->first.ns);
	return order ? order : memcmp(a->key, b->key, sizeof(a->key));
}

/* A group that goes up and down between two sizes was created once: only new heights count. */
static void count_added(struct ledger *ledger)
{
	const struct ledger_line *before = NULL;
	uint64_t height = 0;

	for (size_t i = 0; i < ledger->sorted_count; i++) {
		struct ledger_line *line = ledger->sorted[i];
		line->added = 0;
		if (line->outcome != OUTCOME_DONE)
			continue;
		if (line->kind == COMPUTING_CREATE || line->thing == 0)
			line->added =
				line->kind == COMPUTING_CREATE || line->kind == COMPUTING_LEVEL
					? line->count
					: 0;
		if (line->kind != COMPUTING_LEVEL || line->thing == 0)
			continue;
		if (!before || before->thing != line->thing || compare_identities(before, line))
			height = 0;
		before = line;
		line->added = line->count > height ? line->count - height : 0;
		height = line->count > height ? line->count : height;
	}
}

static void fill_in(struct ledger *ledger, struct ledger_line *line)
{
	const struct identity *identity = identities_find_key(ledger->identities, line->identity);
	struct shape made =
		shapes_resolve(ledger->shapes, line->made_of[0], line->made_of[1], line->thing);

	copy_text(line->made_type, sizeof(line->made_type),
		  str_from(line->type[0] ? line->type : made.type));
	line->each =
		computing_prices_find(ledger->prices, identity ? identity->provider : PROVIDER_NONE,
				      str_from(line->made_type));
	double told = line->vcpu >= 0 ? line->vcpu : made.vcpu;
	if (told >= 0) { /* its price in the table is that of one vCPU */
		if (line->each.usd_per_hour >= 0)
			line->each.usd_per_hour *= told;
		line->each.vcpu = told;
	}
	if (line->gpu >= 0 || made.gpu >= 0)
		line->each.gpu = line->gpu >= 0 ? line->gpu : made.gpu;
}

struct ledger_line **ledger_sorted(struct ledger *ledger, size_t *count)
{
	ledger->sorted_count = 0;
	table_each(ledger->lines, collect, ledger);
	qsort(ledger->sorted, ledger->sorted_count, sizeof(struct ledger_line *), by_thing);
	count_added(ledger);
	for (size_t i = 0; i < ledger->sorted_count; i++)
		fill_in(ledger, ledger->sorted[i]);
	qsort(ledger->sorted, ledger->sorted_count, sizeof(struct ledger_line *), by_hour);
	*count = ledger->sorted_count;
	return ledger->sorted;
}

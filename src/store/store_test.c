#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "model/filled.h"
#include "model/finding_json.h"
#include "store/queue.h"
#include "store/store.h"

/* Each test has a folder of its own. */
struct place {
	char folder[64], path[96];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	*state = place;
	snprintf(place->folder, sizeof(place->folder), "/tmp/davy-store-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/davy %%?#.db", place->folder);
	return 0;
}

static int drop_place(void **state)
{
	struct place *place = *state;
	static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".lock"};

	for (size_t i = 0; i < 5; i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s%s", place->path, endings[i]);
		unlink(path);
	}
	int result = rmdir(place->folder);
	free(place);
	return result;
}

static struct store *must_open(const char *path, enum store_mode mode)
{
	struct store *store;
	struct error why = {0};

	if (store_open(path, mode, &store, &why) != 0)
		fail_msg("%s", why.text);
	return store;
}

static void must_flush(struct store *store)
{
	struct error why = {0};

	if (store_flush(store, &why) != 0)
		fail_msg("%s", why.text);
}

static void must_put(struct store *store, const char *id, uint32_t revision, int64_t seen_s,
		     enum verdict verdict)
{
	struct finding f = filled_finding();

	f.id = str_from(id);
	f.revision = revision;
	f.verdict = verdict;
	f.first_seen = f.last_seen = instant_at(seen_s, 0);
	assert_int_equal(store_put_finding(store, &f), 0);
}

static bool count_line(void *context, struct str json)
{
	++*(size_t *)context;
	return true;
}

static size_t count_findings(struct store *store, struct store_filter filter)
{
	size_t count = 0;

	assert_int_equal(store_each_finding(store, STR(""), &filter, count_line, &count, NULL), 0);
	return count;
}

static bool keep_line(void *context, struct str json)
{
	buf_add(context, json);
	buf_add_byte(context, '\n');
	return true;
}

static void what_is_put_is_found_unchanged(void **state)
{
	struct place *place = *state;
	struct finding finding = filled_finding();
	struct incident incident = filled_incident();
	struct buf expected = {0}, lines = {0};
	enum store_found found;
	struct stat status;
	struct store *store = must_open(place->path, STORE_WRITE);

	assert_int_equal(store_put_finding(store, &finding), 0);
	assert_int_equal(store_put_incident(store, &incident), 0);
	assert_int_equal(store_queue_counters(store).queued, 2);
	must_flush(store);
	assert_int_equal(store_queue_counters(store).queued, 0);
	assert_int_equal(store_queue_counters(store).committed, 2);
	store_close(&store);
	assert_null(store);
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 07, 0);

	store = must_open(place->path, STORE_READ);
	finding_to_json(&finding, &expected);
	buf_add_byte(&expected, '\n');
	assert_int_equal(store_each_finding(store, incident.id, &(struct store_filter){0},
					    keep_line, &lines, NULL),
			 0);
	assert_true(str_equal(buf_view(&lines), buf_view(&expected)));
	buf_clear(&lines);
	assert_int_equal(store_find(store, STR("1dea"), &found, &lines, NULL), 0);
	assert_int_equal(found, STORE_INCIDENT);
	assert_true(str_starts(buf_view(&lines), STR("{\"kind\":\"incident\"")));
	store_close(&store);
	buf_fini(&expected);
	buf_fini(&lines);
}

static void the_higher_revision_stays(void **state)
{
	struct place *place = *state;
	static const struct {
		const char *name;
		uint32_t revision;
		int64_t seen_s;
		const char *revision_after, *first_seen_after;
	} rows[] = {
		{"first", 5, 1000, "\"revision\":5,", "\"first_seen\":\"1970-01-01T00:16:40Z\""},
		{"older one is ignored", 4, 900, "\"revision\":5,",
		 "\"first_seen\":\"1970-01-01T00:16:40Z\""},
		{"newer one replaces", 6, 1100, "\"revision\":6,",
		 "\"first_seen\":\"1970-01-01T00:16:40Z\""},
		{"counting began anew", 1, 2000, "\"revision\":7,",
		 "\"first_seen\":\"1970-01-01T00:16:40Z\""},
		{"and goes on", 2, 2001, "\"revision\":8,",
		 "\"first_seen\":\"1970-01-01T00:16:40Z\""},
		{"an earlier beginning", 9, 500, "\"revision\":9,",
		 "\"first_seen\":\"1970-01-01T00:08:20Z\""},
	};
	struct store *store = must_open(place->path, STORE_WRITE);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf json = {0};
		enum store_found found;
		must_put(store, "aa", rows[i].revision, rows[i].seen_s, VERDICT_MINING);
		must_flush(store);
		assert_int_equal(store_find(store, STR("aa"), &found, &json, NULL), 0);
		if (str_find(buf_view(&json), str_from(rows[i].revision_after)) < 0 ||
		    str_find(buf_view(&json), str_from(rows[i].first_seen_after)) < 0)
			fail_msg("%s: %.*s", rows[i].name, STR_ARG(buf_view(&json)));
		assert_true(str_find(buf_view(&json), STR("\"hashrate_per_s\":1480.0,")) > 0);
		buf_fini(&json);
	}
	assert_int_equal(count_findings(store, (struct store_filter){0}), 1);
	store_close(&store);
}

static void lists_are_filtered(void **state)
{
	struct place *place = *state;
	struct store *store = must_open(place->path, STORE_WRITE);

	must_put(store, "aa01", 1, 100, VERDICT_MINING);
	must_put(store, "aa02", 1, 200, VERDICT_SIGNAL);
	must_put(store, "bb03", 1, 300, VERDICT_MINING);
	must_flush(store);
	assert_int_equal(count_findings(store, (struct store_filter){0}), 3);
	assert_int_equal(count_findings(store, (struct store_filter){.limit = 2}), 2);
	assert_int_equal(count_findings(store, (struct store_filter){.since = instant_at(200, 0)}),
			 2);
	assert_int_equal(count_findings(store, (struct store_filter){.has_verdict = true,
								     .verdict = VERDICT_MINING}),
			 2);
	assert_int_equal(count_findings(store, (struct store_filter){.has_verdict = true,
								     .verdict = VERDICT_MINING,
								     .since = instant_at(101, 0)}),
			 1);
	store_close(&store);
}

struct order {
	size_t count;
	char last[32]; /* id of the line before */
	struct store *writer;
};

/* Puts another finding at each visit: nothing may hold the store, and none is seen twice. */
static bool check_order(void *context, struct str json)
{
	struct order *order = context;
	char id[32];
	ptrdiff_t at = str_find(json, STR("\"id\":\""));

	snprintf(id, sizeof(id), "%.*s", STR_ARG(str_sub(json, (size_t)at + 6, 5)));
	assert_true(strcmp(id, order->last) > 0);
	snprintf(order->last, sizeof(order->last), "%s", id);
	order->count++;
	if (order->count % 100 == 0) {
		snprintf(id, sizeof(id), "zz%zu", order->count);
		must_put(order->writer, id, 1, 5000, VERDICT_SIGNAL);
		must_flush(order->writer);
	}
	return true;
}

static void a_list_is_read_while_others_are_put(void **state)
{
	struct place *place = *state;
	struct order order = {.writer = must_open(place->path, STORE_WRITE)};

	for (int i = 0; i < 1000; i++) { /* latest first; ties go by id */
		char id[16];
		snprintf(id, sizeof(id), "f%04d", i);
		must_put(order.writer, id, 1, 4000 - i / 300, VERDICT_MINING);
	}
	must_flush(order.writer);
	struct store *reader = must_open(place->path, STORE_READ);
	assert_int_equal(store_each_finding(reader, STR(""), &(struct store_filter){0}, check_order,
					    &order, NULL),
			 0);
	assert_int_equal(order.count, 1000);
	assert_int_equal(count_findings(reader, (struct store_filter){.limit = 999}), 999);
	assert_int_equal(count_findings(reader, (struct store_filter){0}), 1010);
	store_close(&reader);
	store_close(&order.writer);
}

static void an_id_may_be_cut_while_it_is_unique(void **state)
{
	struct place *place = *state;
	static const struct {
		const char *id;
		enum store_found found;
	} rows[] = {
		{"aa", STORE_AMBIGUOUS},     {"aa0", STORE_AMBIGUOUS},	  {"aa01", STORE_FINDING},
		{"aa012", STORE_FINDING},    {"b", STORE_FINDING},	  {"c", STORE_NOT_FOUND},
		{"", STORE_NOT_FOUND},	     {"%", STORE_NOT_FOUND},	  {"_a01", STORE_NOT_FOUND},
		{"' OR 1", STORE_NOT_FOUND}, {"aa0123", STORE_NOT_FOUND},
	};
	struct store *store = must_open(place->path, STORE_WRITE);

	must_put(store, "aa01", 1, 100, VERDICT_MINING);
	must_put(store, "aa012", 1, 100, VERDICT_MINING);
	must_put(store, "bb03", 1, 300, VERDICT_MINING);
	must_flush(store);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf json = {0};
		enum store_found found;
		assert_int_equal(store_find(store, str_from(rows[i].id), &found, &json, NULL), 0);
		if (found != rows[i].found)
			fail_msg("%s: %d", rows[i].id, found);
		buf_fini(&json);
	}
	store_close(&store);
}

static void retention_takes_the_old_and_then_the_light(void **state)
{
	struct place *place = *state;
	struct incident incident = filled_incident();
	struct store_limits limits = {.keep = DURATION_S(1000)};
	struct store *store = must_open(place->path, STORE_WRITE);
	uint32_t removed;

	for (int i = 0; i < 20; i++) {
		char id[8];
		snprintf(id, sizeof(id), "f%02d", i);
		must_put(store, id, 1, 1000 + i, i % 2 ? VERDICT_SIGNAL : VERDICT_MINING);
	}
	incident.last_seen = instant_at(1000, 0);
	assert_int_equal(store_put_incident(store, &incident), 0);
	must_flush(store);

	assert_int_equal(store_prune(store, &limits, instant_at(2010, 0), 3, &removed, NULL), 0);
	assert_int_equal(removed, 3); /* small steps */
	assert_int_equal(store_prune(store, &limits, instant_at(2010, 0), 100, &removed, NULL), 0);
	assert_int_equal(removed, 7 + 1); /* and the incident */
	assert_int_equal(count_findings(store, (struct store_filter){0}), 10);

	limits = (struct store_limits){.max_rows = 4};
	assert_int_equal(store_prune(store, &limits, instant_at(2010, 0), 100, &removed, NULL), 0);
	assert_int_equal(removed, 6); /* five signals, then the oldest of mining */
	assert_int_equal(count_findings(store, (struct store_filter){.has_verdict = true,
								     .verdict = VERDICT_MINING,
								     .since = instant_at(1012, 0)}),
			 4);
	assert_int_equal(store_prune(store, &limits, instant_at(2010, 0), 100, &removed, NULL), 0);
	assert_int_equal(removed, 0);
	store_close(&store);
}

/* A flood of findings does not outgrow the limit, and what goes is not the mining. */
static void the_file_stays_within_its_bytes(void **state)
{
	enum { ROUNDS = 40, A_ROUND = 400, LIMIT = 1 << 20 };
	struct place *place = *state;
	const struct store_limits limits = {.max_bytes = LIMIT};
	struct store *store = must_open(place->path, STORE_WRITE);
	struct stat file;
	char id[20];
	uint32_t removed;

	for (int i = 0; i < 50; i++) {
		snprintf(id, sizeof(id), "mining%02d", i);
		must_put(store, id, 1, 1, VERDICT_MINING);
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < A_ROUND; i++) {
			snprintf(id, sizeof(id), "s%08d", round * A_ROUND + i);
			must_put(store, id, 1, 1000 + round, VERDICT_SUSPECT);
		}
		must_flush(store);
		assert_int_equal(store_prune(store, &limits, instant_at(2000, 0), 2 * A_ROUND + 200,
					     &removed, NULL),
				 0);
		assert_int_equal(stat(place->path, &file), 0);
		/* what came in since the last time, at most, and pages that are not full */
		if (file.st_size > 3 * LIMIT)
			fail_msg("round %d: %lld bytes", round, (long long)file.st_size);
	}
	assert_true(count_findings(store, (struct store_filter){0}) > 100);
	assert_true(count_findings(store, (struct store_filter){0}) < ROUNDS * A_ROUND / 4);
	assert_int_equal(count_findings(store, (struct store_filter){.has_verdict = true,
								     .verdict = VERDICT_MINING}),
			 50);
	store_close(&store);
	assert_int_equal(stat(place->path, &file), 0);
	assert_true(file.st_size < 3 * LIMIT);
}

static void ignore_source(void *context, const struct store_source *source)
{
	++*(int *)context;
}

static void ignore_counter(void *context, const struct store_counter *counter)
{
	++*(int *)context;
}

static void a_life_begins_and_ends(void **state)
{
	struct place *place = *state;
	struct store *store = must_open(place->path, STORE_WRITE);
	struct store_life life;
	struct store_source sources[] = {{STR("eth0"), true, STR(""), instant_at(1, 0)},
					 {STR("eth1"), false, STR("is down"), instant_at(1, 0)}};
	const struct store_counter counter = {STR("eth0"), STR("packets"), 5, instant_at(1, 0)};
	int count = 0;

	assert_int_equal(store_read_life(store, &life, NULL), 0);
	assert_int_equal(life.started.ns | life.stopped.ns, 0);
	assert_int_equal(store_note_start(store, instant_at(10, 0), NULL), 0);
	assert_int_equal(store_put_sources(store, sources, 2, NULL), 0);
	assert_int_equal(store_put_counters(store, &counter, 1, NULL), 0);
	sources[1].is_gone = true;
	assert_int_equal(store_put_sources(store, sources, 2, NULL), 0);
	assert_int_equal(store_each_source(store, ignore_source, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store_note_stop(store, instant_at(20, 0), NULL), 0);
	store_close(&store);
	store = must_open(place->path, STORE_READ);
	assert_int_equal(store_read_life(store, &life, NULL), 0);
	assert_int_equal(life.started.ns, instant_at(10, 0).ns);
	assert_int_equal(life.stopped.ns, instant_at(20, 0).ns);
	store_close(&store);
	/* what an earlier one told of its sources is not true any more */
	store = must_open(place->path, STORE_WRITE);
	assert_int_equal(store_note_start(store, instant_at(30, 0), NULL), 0);
	assert_int_equal(store_read_life(store, &life, NULL), 0);
	assert_int_equal(life.started.ns, instant_at(30, 0).ns);
	assert_int_equal(life.stopped.ns, 0);
	count = 0;
	assert_int_equal(store_each_source(store, ignore_source, &count, NULL), 0);
	assert_int_equal(store_each_counter(store, ignore_counter, &count, NULL), 0);
	assert_int_equal(count, 0);
	store_close(&store);
}

static void of_writers_there_is_one(void **state)
{
	struct place *place = *state;
	struct error why = {0};
	char lock[128];
	struct stat target;

	int first = store_lock(place->path, 4711, &why);
	assert_true(first >= 0);
	assert_int_equal(store_lock(place->path, 4712, &why), -EBUSY);
	assert_non_null(strstr(why.text, "another davy watch (pid 4711) writes to "));
	assert_non_null(strstr(why.text, "stop it, or name another file with store.path"));
	assert_int_equal(store_is_locked(place->path), 1);
	close(first);
	assert_int_equal(store_is_locked(place->path), 0);
	int next = store_lock(place->path, 4713, &why); /* a lock left behind is none */
	assert_true(next >= 0);
	close(next);
	/* a link put there is not followed */
	snprintf(lock, sizeof(lock), "%s.lock", place->path);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(symlink(place->path, lock), 0);
	assert_int_equal(store_lock(place->path, 4714, &why), -ELOOP);
	assert_int_equal(store_is_locked(place->path), -ELOOP);
	assert_int_equal(stat(place->path, &target), -1);
}

static void sum_counter(void *context, const struct store_counter *counter)
{
	buf_printf(context, "%.*s.%.*s=%llu@%lld\n", STR_ARG(counter->source),
		   STR_ARG(counter->name), (unsigned long long)counter->value,
		   (long long)(counter->time.ns / 1000000000));
}

static void sum_source(void *context, const struct store_source *source)
{
	buf_printf(context, "%.*s %d %.*s\n", STR_ARG(source->name), source->is_on,
		   STR_ARG(source->why));
}

static void counters_keep_their_latest_value(void **state)
{
	struct place *place = *state;
	struct store *store = must_open(place->path, STORE_WRITE);
	struct buf out = {0};
	const struct store_counter counters[] = {
		{STR("eth0"), STR("packets"), 5, instant_at(1, 0)},
		{STR("eth0"), STR("drops"), UINT64_MAX, instant_at(1, 0)},
		{STR("eth0"), STR("packets"), 7, instant_at(2, 0)},
	};
	const struct store_source sources[] = {
		{STR("eth0"), true, STR(""), instant_at(1, 0)},
		{STR("bpf"), false, STR("no BTF"), instant_at(1, 0)},
	};

	assert_int_equal(store_put_counters(store, counters, 3, NULL), 0);
	assert_int_equal(store_put_sources(store, sources, 2, NULL), 0);
	assert_int_equal(store_each_counter(store, sum_counter, &out, NULL), 0);
	assert_int_equal(store_each_source(store, sum_source, &out, NULL), 0);
	assert_true(
		str_equal(buf_view(&out), STR("eth0.drops=9223372036854775807@1\neth0.packets=7@2\n"
					      "bpf 0 no BTF\neth0 1 \n")));
	store_close(&store);
	buf_fini(&out);
}

static void the_queue_is_bounded_and_keeps_the_grave(void **state)
{
	struct queue queue = {0};
	char id[16];
	struct row row = {.json = STR("{}"), .verdict = VERDICT_SIGNAL, .revision = 2};

	for (int i = 0; i < QUEUE_ROWS_MAX; i++) {
		snprintf(id, sizeof(id), "s%d", i);
		row.id = str_from(id);
		assert_int_equal(queue_put(&queue, &row), 0);
	}
	row.id = STR("one more");
	assert_int_equal(queue_put(&queue, &row), -ENOBUFS);
	row.id = STR("s7"); /* there already */
	row.revision = 3;
	row.json = STR("{ }");
	assert_int_equal(queue_put(&queue, &row), 0);
	row.revision = 1; /* older: passed over */
	row.json = STR("");
	assert_int_equal(queue_put(&queue, &row), 0);
	assert_true(str_equal(queue.rows[7].json, STR("{ }")));
	assert_int_equal(queue.lost, 1);
	row.verdict = VERDICT_MINING;
	row.id = STR("grave");
	assert_int_equal(queue_put(&queue, &row), 0);
	assert_int_equal(queue.count, QUEUE_ROWS_MAX);
	assert_int_equal(queue.lost, 2);
	assert_true(str_equal(queue.rows[0].id, STR("s1"))); /* s0, the oldest, went */
	queue_clear(&queue);
	assert_int_equal(queue.bytes, 0);

	char *large = calloc(1, QUEUE_ROW_BYTES_MAX + 1);
	row.json = str_of(large, QUEUE_ROW_BYTES_MAX + 1);
	assert_int_equal(queue_put(&queue, &row), -EMSGSIZE);
	row.json.len = QUEUE_ROW_BYTES_MAX;
	int result = 0;
	for (int i = 0; i < 100 && result == 0; i++) {
		snprintf(id, sizeof(id), "l%d", i);
		row.id = str_from(id);
		result = queue_put(&queue, &row);
	}
	assert_int_equal(result, -ENOBUFS);
	assert_true(queue.bytes <= QUEUE_BYTES_MAX);
	free(large);
	queue_fini(&queue);
}

static void no_store_is_told_apart(void **state)
{
	struct place *place = *state;
	struct store *store;
	struct error why = {0};

	assert_int_equal(store_open(place->path, STORE_READ, &store, &why), -ENOENT);
	assert_non_null(strstr(why.text, "No store at"));
	assert_int_equal(store_open("/nonexistent/davy.db", STORE_WRITE, &store, &why), -ENOENT);
	assert_non_null(strstr(why.text, "make its folder"));
	fclose(fopen(place->path, "w"));
	assert_int_equal(store_open(place->path, STORE_READ, &store, &why), -ENOENT);
	assert_null(store);
	store = must_open(place->path, STORE_WRITE); /* an empty file becomes a store */
	store_close(&store);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)
	const struct CMUnitTest tests[] = {
		IN_PLACE(what_is_put_is_found_unchanged),
		IN_PLACE(the_higher_revision_stays),
		IN_PLACE(lists_are_filtered),
		IN_PLACE(a_list_is_read_while_others_are_put),
		IN_PLACE(an_id_may_be_cut_while_it_is_unique),
		IN_PLACE(retention_takes_the_old_and_then_the_light),
		IN_PLACE(the_file_stays_within_its_bytes),
		IN_PLACE(a_life_begins_and_ends),
		IN_PLACE(of_writers_there_is_one),
		IN_PLACE(counters_keep_their_latest_value),
		IN_PLACE(no_store_is_told_apart),
		cmocka_unit_test(the_queue_is_bounded_and_keeps_the_grave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "store/store.h"

static char folder[64], path[96];

static int make_folder(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/davy-journal-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/davy.db", folder);
	return 0;
}

static int drop_folder(void **state)
{
	static const char *const endings[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < 3; i++) {
		char file[128];
		snprintf(file, sizeof(file), "%s%s", path, endings[i]);
		unlink(file);
	}
	return rmdir(folder);
}

static struct store *must_open(enum store_mode mode)
{
	struct store *store;
	struct error why = {0};

	if (store_open(path, mode, &store, &why) != 0)
		fail_msg("%s", why.text);
	return store;
}

struct seen {
	char text[512];
};

static bool note(void *context, const struct response *r)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%llu %.*s %.*s %s %.*s '%.*s'; ",
		 (unsigned long long)r->number, STR_ARG(r->finding), STR_ARG(r->step),
		 response_state_name(r->state), STR_ARG(r->memory), STR_ARG(r->outcome));
	return true;
}

static uint64_t must_begin(struct store *store, const char *finding, const char *step)
{
	const struct response response = {.finding = str_from(finding),
					  .step = str_from(step),
					  .memory = STR("{\"a\":1}"),
					  .began = instant_at(100, 0)};
	uint64_t number = 0;

	assert_int_equal(store_begin_response(store, &response, &number, NULL), 0);
	return number;
}

static void check_list(struct store *store, const char *finding, bool open_only,
		       const char *expected)
{
	struct seen seen = {0};

	assert_int_equal(
		store_each_response(store, str_from(finding), open_only, note, &seen, NULL), 0);
	assert_string_equal(seen.text, expected);
}

static void steps_are_listed_latest_first(void **state)
{
	struct store *store = must_open(STORE_WRITE);
	uint64_t freeze = must_begin(store, "f1", "freeze");

	must_begin(store, "f2", "kill");
	assert_int_equal(store_end_response(store, freeze, RESPONSE_DONE, STR("two; '"),
					    instant_at(101, 0), NULL),
			 0);
	check_list(store, "", true,
		   "2 f2 kill begun {\"a\":1} ''; 1 f1 freeze done {\"a\":1} 'two; ''; ");
	check_list(store, "f1", true, "1 f1 freeze done {\"a\":1} 'two; ''; ");
	assert_int_equal(store_end_response(store, freeze, RESPONSE_UNDONE, STR("back"),
					    instant_at(102, 0), NULL),
			 0);
	check_list(store, "f1", true, "");
	check_list(store, "f1", false, "1 f1 freeze undone {\"a\":1} 'back'; ");
	assert_int_equal(
		store_end_response(store, 99, RESPONSE_DONE, STR(""), instant_at(1, 0), NULL),
		-ENOENT);
	store_close(&store);
}

static bool note_policy(void *context, const struct response *r)
{
	*(struct response *)context =
		(struct response){.until = r->until, .by_policy = r->by_policy};
	return true;
}

static void who_took_it_and_until_when_is_kept(void **state)
{
	struct store *store = must_open(STORE_WRITE);
	const struct response response = {.finding = STR("f4"),
					  .step = STR("freeze"),
					  .memory = STR("{}"),
					  .began = instant_at(100, 0),
					  .until = instant_at(700, 5),
					  .by_policy = true};
	struct response seen = {0};
	uint64_t number;

	assert_int_equal(store_begin_response(store, &response, &number, NULL), 0);
	assert_int_equal(store_each_response(store, STR("f4"), true, note_policy, &seen, NULL), 0);
	assert_true(seen.by_policy);
	assert_int_equal(seen.until.ns, response.until.ns);
	must_begin(store, "f5", "freeze");
	assert_int_equal(store_each_response(store, STR("f5"), true, note_policy, &seen, NULL), 0);
	assert_false(seen.by_policy);
	assert_int_equal(seen.until.ns, 0);
	store_close(&store);
}

struct closing {
	struct store *mine, *other;
	int result;
};

/* What takes its time between reading and writing, while davy watch goes on writing. */
static bool close_it(void *context, const struct response *r)
{
	struct closing *closing = context;
	struct error why = {0};

	must_begin(closing->other, "f9", "freeze");
	closing->result = store_end_response(closing->mine, r->number, RESPONSE_UNDONE, STR("back"),
					     instant_at(101, 0), &why);
	return false;
}

static void a_visitor_may_write_while_others_do(void **state)
{
	struct closing closing = {must_open(STORE_WRITE), must_open(STORE_WRITE), -1};

	must_begin(closing.mine, "f8", "block");
	assert_int_equal(
		store_each_response(closing.mine, STR("f8"), true, close_it, &closing, NULL), 0);
	assert_int_equal(closing.result, 0);
	check_list(closing.other, "f8", false, "1 f8 block undone {\"a\":1} 'back'; ");
	store_close(&closing.mine);
	store_close(&closing.other);
}

/* A program that is killed right after has begun it, for whoever comes next. */
static void what_was_begun_outlives_a_kill(void **state)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct store *store = must_open(STORE_WRITE);
		must_begin(store, "f3", "block");
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	struct store *store = must_open(STORE_READ);
	check_list(store, "", true, "1 f3 block begun {\"a\":1} ''; ");
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(steps_are_listed_latest_first, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(who_took_it_and_until_when_is_kept, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(a_visitor_may_write_while_others_do, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(what_was_begun_outlives_a_kill, make_folder,
						drop_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

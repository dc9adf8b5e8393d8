#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "programs/host.h"
#include "programs/host_looks.h"
#include "source/host/opener.h"
#include "two_sides.h"

enum { FILES = 0x15 };

static instant at(int64_t second)
{
	return instant_at(1000 + second, 0);
}

static struct workload_due due_of(uint32_t pid)
{
	return (struct workload_due){.process = {.pid = pid, .start_ns = 10 * pid}};
}

static void ask(struct host_looks *looks, struct two_sides *sides, uint32_t pid, int64_t second)
{
	const struct workload_due due = due_of(pid);

	host_looks_ask(looks, &sides->worker, &due, at(second));
}

/* What was asked for since, as the sum of their pids; each with the files that are wanted. */
static uint32_t pids_asked(struct two_sides *sides, unsigned *count)
{
	struct opener_request request;
	struct message message;
	uint32_t sum = 0;

	*count = 0;
	while (channel_receive(&sides->rights, &message) == MESSAGE_READY) {
		assert_int_equal(message.type, HOST_OPEN);
		assert_true(opener_request_read(message.body, &request));
		assert_int_equal(request.wanted, FILES);
		sum += request.pid;
		(*count)++;
	}
	return sum;
}

static void each_is_asked_for_once_and_no_more_than_have_a_place(void **state)
{
	struct two_sides *sides = *state;
	struct host_looks looks = {.files = FILES};
	struct workload_due due;
	unsigned count;

	ask(&looks, sides, 1, 0);
	ask(&looks, sides, 1, 1);
	assert_int_equal(pids_asked(sides, &count), 1);
	assert_true(host_looks_has_places(&looks, HOST_LOOKS_AT_ONCE - 1));
	assert_false(host_looks_has_places(&looks, HOST_LOOKS_AT_ONCE));
	for (uint32_t pid = 2; pid < 20; pid++)
		ask(&looks, sides, pid, 1);
	assert_int_equal(pids_asked(sides, &count), 2 + 3 + 4 + 5 + 6 + 7 + 8);
	assert_false(host_looks_has_places(&looks, 1));
	assert_false(host_looks_answered(&looks, 9, &due)); /* nobody asked */
	assert_true(host_looks_answered(&looks, 3, &due));
	assert_int_equal(due.process.start_ns, 30);
	assert_false(host_looks_answered(&looks, 3, &due)); /* twice */
	ask(&looks, sides, 9, 2);
	assert_int_equal(pids_asked(sides, &count), 9);
}

static void what_is_late_is_asked_for_again(void **state)
{
	struct two_sides *sides = *state;
	struct host_looks looks = {.files = FILES};
	struct workload_due due;
	unsigned count;

	ask(&looks, sides, 1, 0);
	ask(&looks, sides, 2, 5);
	host_looks_forget_late(&looks, at(HOST_ANSWER_LATE_S));
	assert_true(host_looks_has_places(&looks, HOST_LOOKS_AT_ONCE - 2));
	assert_false(host_looks_has_places(&looks, HOST_LOOKS_AT_ONCE - 1));
	host_looks_forget_late(&looks, at(HOST_ANSWER_LATE_S + 1));
	assert_false(host_looks_answered(&looks, 1, &due));
	ask(&looks, sides, 1, HOST_ANSWER_LATE_S + 1);
	assert_int_equal(pids_asked(sides, &count), 1 + 2 + 1);
	assert_true(host_looks_answered(&looks, 1, &due));
	assert_true(host_looks_answered(&looks, 2, &due));
}

static void the_last_suspects_are_kept_each_once(void **state)
{
	struct two_sides *sides = *state;
	struct host_looks looks = {.files = FILES};
	struct workload_due due;
	unsigned count;

	host_looks_ask_suspects(&looks, &sides->worker, at(0));
	assert_int_equal(pids_asked(sides, &count), 0);
	for (uint32_t pid = 1; pid <= 6; pid++)
		for (int times = 0; times < 3; times++) {
			due = due_of(pid);
			host_looks_keep_suspect(&looks, &due);
		}
	host_looks_ask_suspects(&looks, &sides->worker, at(1));
	assert_int_equal(pids_asked(sides, &count), 3 + 4 + 5 + 6);
	assert_int_equal(count, HOST_SUSPECTS_KEPT);
}

/* A request that could not be sent waits for nothing. */
static void nobody_listens(void **state)
{
	struct two_sides *sides = *state;
	struct host_looks looks = {.files = FILES};

	channel_fini(&sides->rights);
	ask(&looks, sides, 1, 0);
	assert_true(host_looks_has_places(&looks, HOST_LOOKS_AT_ONCE));
	two_sides_close(sides);
	two_sides_open(sides);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_asked_for_once_and_no_more_than_have_a_place),
		cmocka_unit_test(what_is_late_is_asked_for_again),
		cmocka_unit_test(the_last_suspects_are_kept_each_once),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests(tests, two_sides_set_up, two_sides_tear_down);
}

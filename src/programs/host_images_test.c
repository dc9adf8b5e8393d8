/* What is asked of a container's image, of a folder of the test's: answers that are lost, and late
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "programs/host_images.h"
#include "two_sides.h"

#define ONE "1111111111111111111111111111111111111111111111111111111111111111"

enum { TYPE = MESSAGE_FIRST_FREE, WAIT_MS = 20000, SOON_S = 1, LATE_S = 11 };

struct fixture {
	struct host_images *images;
	struct two_sides sides;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	two_sides_open(&f.sides);
	assert_int_equal(host_images_new(f.sides.processes, &f.images), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	host_images_free(f->images);
	two_sides_close(&f->sides);
	return 0;
}

static instant at(int64_t seconds)
{
	return (instant){seconds * 1000000000};
}

static bool wants(struct fixture *f, int64_t second)
{
	return host_images_want(f->images, STR(ONE), at(second));
}

static unsigned asks(struct fixture *f, int64_t second)
{
	struct image_request request;
	unsigned count = 0;

	while (host_images_ask(f->images, at(second), &request))
		count++;
	return count;
}

/* No file knows it: that is an answer, too. */
static void answer(struct fixture *f, int64_t second)
{
	struct image_request request;
	struct message message;

	assert_true(image_request_of(STR(ONE), &request));
	assert_int_equal(
		image_files_answer(-1, str_of(&request, sizeof(request)), &f->sides.rights, TYPE),
		0);
	assert_int_equal(channel_await(&f->sides.worker, WAIT_MS, &message), MESSAGE_READY);
	host_images_take(f->images, &message, at(second));
}

static void it_is_asked_again_when_no_answer_comes(void **state)
{
	struct fixture *f = *state;
	unsigned count = 0;

	assert_true(wants(f, 100));
	assert_int_equal(asks(f, 100), 1);
	assert_int_equal(asks(f, 100 + SOON_S), 0);
	for (int64_t second = 101; second < 200; second++)
		count += asks(f, second);
	assert_int_equal(count, 3); /* and not for ever */
}

static void one_that_was_lost_is_wanted_again(void **state)
{
	struct fixture *f = *state;

	assert_true(wants(f, 100));
	while (asks(f, 100) > 0)
		;
	assert_true(wants(f, 100 + SOON_S));
	for (int64_t second = 101; second < 160; second++)
		(void)asks(f, second);
	assert_true(wants(f, 160));
	assert_int_equal(asks(f, 160), 1);
	answer(f, 161);
	assert_false(wants(f, 162));
	assert_int_equal(asks(f, 162 + LATE_S), 0);
}

/* An answer to the first request comes when it is wanted for the second time. */
static void a_late_answer_counts(void **state)
{
	struct fixture *f = *state;

	assert_true(wants(f, 100));
	assert_int_equal(asks(f, 100), 1);
	assert_true(wants(f, 100 + LATE_S));
	answer(f, 100 + LATE_S);
	assert_false(wants(f, 100 + LATE_S));
	assert_int_equal(asks(f, 100 + LATE_S), 0);
}

static void what_no_file_has_is_asked_for_again_in_a_minute(void **state)
{
	struct fixture *f = *state;

	assert_true(wants(f, 100));
	assert_int_equal(asks(f, 100), 1);
	answer(f, 101);
	assert_false(wants(f, 120));
	assert_true(wants(f, 170));
	assert_int_equal(asks(f, 170), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_asked_again_when_no_answer_comes, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(one_that_was_lost_is_wanted_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_late_answer_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_no_file_has_is_asked_for_again_in_a_minute,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "sandbox/messages.h"
#include "sandbox/supervise.h"

struct pair {
	struct channel ours, theirs;
};

static void open_pair(struct pair *pair, bool takes_descriptors)
{
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	channel_init(&pair->ours, ends[0], takes_descriptors);
	channel_init(&pair->theirs, ends[1], takes_descriptors);
}

static void close_pair(struct pair *pair)
{
	channel_fini(&pair->ours);
	channel_fini(&pair->theirs);
}

static size_t open_descriptors(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void messages_arrive_whole_and_in_order(void **state)
{
	struct pair pair;
	struct message message;

	open_pair(&pair, false);
	assert_int_equal(channel_send(&pair.ours, 20, STR("hello"), NULL, 0), 0);
	assert_int_equal(channel_send(&pair.ours, 21, STR(""), NULL, 0), 0);
	assert_int_equal(channel_receive(&pair.theirs, &message), MESSAGE_READY);
	assert_int_equal(message.type, 20);
	assert_true(str_equal(message.body, STR("hello")));
	assert_int_equal(channel_receive(&pair.theirs, &message), MESSAGE_READY);
	assert_int_equal(message.type, 21);
	assert_int_equal(message.body.len, 0);
	assert_int_equal(channel_receive(&pair.theirs, &message), MESSAGE_NONE);
	channel_fini(&pair.ours);
	assert_int_equal(channel_receive(&pair.theirs, &message), MESSAGE_CLOSED);
	channel_fini(&pair.theirs);
}

/* More than the socket holds: the rest is queued, then refused, and nothing is lost or mixed up. */
static void a_slow_reader_loses_nothing(void **state)
{
	static char body[MESSAGE_MAX];
	struct pair pair;
	struct message message;
	uint32_t sent = 0, received = 0;

	open_pair(&pair, false);
	for (;; sent++) {
		memset(body, (int)(sent & 127), sizeof(body));
		int failed =
			channel_send(&pair.ours, 100 + sent, str_of(body, sizeof(body)), NULL, 0);
		if (failed) {
			assert_int_equal(failed, -EAGAIN);
			break;
		}
		assert_true(sent < 100);
	}
	assert_true(sent > 14);
	assert_true(channel_wants_to_send(&pair.ours));
	while (received < sent) {
		enum message_result result = channel_receive(&pair.theirs, &message);
		if (result == MESSAGE_NONE) {
			int failed = channel_flush(&pair.ours);
			assert_true(failed == 0 || failed == -EAGAIN);
			continue;
		}
		assert_int_equal(result, MESSAGE_READY);
		assert_int_equal(message.type, 100 + received);
		assert_int_equal(message.body.len, sizeof(body));
		assert_int_equal(message.body.at[0], received & 127);
		assert_int_equal(message.body.at[sizeof(body) - 1], received & 127);
		received++;
	}
	assert_int_equal(channel_flush(&pair.ours), 0);
	assert_int_equal(channel_send(&pair.ours, 1, str_of(body, MESSAGE_MAX), NULL, 0), 0);
	assert_int_equal(channel_send(&pair.ours, 1, (struct str){body, MESSAGE_MAX + 1}, NULL, 0),
			 -EMSGSIZE);
	close_pair(&pair);
}

static void descriptors_come_with_their_message(void **state)
{
	struct pair pair;
	struct message message;
	struct stat sent[2], got;
	int null = open("/dev/null", O_RDONLY), zero = open("/dev/zero", O_RDONLY);
	size_t before = open_descriptors();

	assert_int_equal(fstat(null, &sent[0]) | fstat(zero, &sent[1]), 0);
	open_pair(&pair, true);
	assert_int_equal(channel_send(&pair.ours, 30, STR("none"), NULL, 0), 0);
	assert_int_equal(channel_send(&pair.ours, 31, STR("two"), (int[]){null, zero}, 2), 0);
	assert_int_equal(channel_send(&pair.ours, 32, STR("none"), NULL, 0), 0);
	assert_int_equal(channel_send(&pair.ours, 33, STR("one"), (int[]){zero}, 1), 0);
	for (uint32_t type = 30; type < 34; type++) {
		static const size_t expected[] = {0, 2, 0, 1};
		assert_int_equal(channel_receive(&pair.theirs, &message), MESSAGE_READY);
		assert_int_equal(message.type, type);
		assert_int_equal(message.descriptor_count, expected[type - 30]);
		for (size_t i = 0; i < message.descriptor_count; i++) {
			assert_int_equal(fstat(message.descriptors[i], &got), 0);
			assert_int_equal(got.st_rdev, sent[type == 31 ? i : 1].st_rdev);
			assert_int_equal(fcntl(message.descriptors[i], F_GETFD), FD_CLOEXEC);
			close(message.descriptors[i]);
		}
	}
	close_pair(&pair);
	assert_int_equal(open_descriptors(), before);
	close(null);
	close(zero);
}

static void unwanted_descriptors_break_the_channel(void **state)
{
	struct pair pair;
	struct message message;
	size_t before = open_descriptors();

	open_pair(&pair, false);
	assert_int_equal(channel_send(&pair.ours, 40, STR("x"), (int[]){0}, 1), 0);
	assert_int_equal(channel_receive(&pair.theirs, &message), MESSAGE_BROKEN);
	assert_int_equal(channel_receive(&pair.theirs, &message), MESSAGE_BROKEN);
	close_pair(&pair);
	assert_int_equal(open_descriptors(), before);
}

static const struct {
	const char *name;
	struct message_header header;
	size_t len; /* bytes fed */
	enum message_result result;
} headers[] = {
	{"whole", {1, 4, 0}, 16, MESSAGE_READY},
	{"a byte short", {1, 4, 0}, 15, MESSAGE_NONE},
	{"header cut", {1, 4, 0}, 11, MESSAGE_NONE},
	{"too long", {1, MESSAGE_MAX + 1, 0}, 12, MESSAGE_BROKEN},
	{"far too long", {1, UINT32_MAX, 0}, 12, MESSAGE_BROKEN},
	{"descriptors that did not come", {1, 4, 1}, 16, MESSAGE_BROKEN},
	{"very many of them", {1, 4, UINT32_MAX}, 16, MESSAGE_BROKEN},
};

static void lies_are_noticed(void **state)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		char bytes[16] = {0};
		struct channel channel;
		struct message message;

		memcpy(bytes, &headers[i].header, sizeof(headers[i].header));
		channel_init(&channel, -1, false);
		assert_true(channel_feed(&channel, str_of(bytes, headers[i].len)));
		if (channel_take(&channel, &message) != headers[i].result)
			fail_msg("%s", headers[i].name);
		channel_fini(&channel);
	}
}

static void deaths_are_told(void **state)
{
	char text[DEATH_TEXT_MAX];

	death_describe(11, text);
	assert_non_null(strstr(text, "Segmentation fault"));
	death_describe(31, text);
	assert_non_null(strstr(text, "seccomp"));
	death_describe(127 << 8, text);
	assert_non_null(strstr(text, "executed"));
	death_describe(3 << 8, text);
	assert_non_null(strstr(text, "status 3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_arrive_whole_and_in_order),
		cmocka_unit_test(a_slow_reader_loses_nothing),
		cmocka_unit_test(descriptors_come_with_their_message),
		cmocka_unit_test(unwanted_descriptors_break_the_channel),
		cmocka_unit_test(lies_are_noticed),
		cmocka_unit_test(deaths_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

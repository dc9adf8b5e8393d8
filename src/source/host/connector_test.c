#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "source/host/connector.h"

struct datagram {
	char bytes[256];
	size_t len;
};

static struct datagram datagram_of(const struct proc_event *event)
{
	struct datagram out = {.len = NLMSG_HDRLEN + sizeof(struct cn_msg) + sizeof(*event)};
	struct nlmsghdr netlink = {.nlmsg_len = (uint32_t)out.len, .nlmsg_type = NLMSG_DONE};
	struct cn_msg connector = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(*event)};

	memcpy(out.bytes, &netlink, sizeof(netlink));
	memcpy(out.bytes + NLMSG_HDRLEN, &connector, sizeof(connector));
	memcpy(out.bytes + NLMSG_HDRLEN + sizeof(connector), event, sizeof(*event));
	return out;
}

static void events_are_told(void **state)
{
	static const struct {
		const char *name;
		struct proc_event event;
		enum connector_result result;
		enum process_event_kind kind;
		uint32_t pid, parent;
		int status;
	} rows[] = {
		{"fork",
		 {.what = PROC_EVENT_FORK, .event_data.fork = {10, 10, 20, 20}},
		 CONNECTOR_EVENT,
		 PROCESS_EVENT_FORK,
		 20,
		 10,
		 0},
		{"a thread begins",
		 {.what = PROC_EVENT_FORK, .event_data.fork = {10, 10, 21, 10}},
		 CONNECTOR_OTHER,
		 0,
		 0,
		 0,
		 0},
		{"exec",
		 {.what = PROC_EVENT_EXEC, .event_data.exec = {20, 20}},
		 CONNECTOR_EVENT,
		 PROCESS_EVENT_EXEC,
		 20,
		 0,
		 0},
		{"exit",
		 {.what = PROC_EVENT_EXIT, .event_data.exit = {20, 20, 0x700, 17, 10, 10}},
		 CONNECTOR_EVENT,
		 PROCESS_EVENT_EXIT,
		 20,
		 10,
		 0x700},
		{"a thread ends",
		 {.what = PROC_EVENT_EXIT, .event_data.exit = {21, 20, 0, 17, 10, 10}},
		 CONNECTOR_OTHER,
		 0,
		 0,
		 0,
		 0},
		{"a name changes", {.what = PROC_EVENT_COMM}, CONNECTOR_OTHER, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct datagram datagram = datagram_of(&rows[i].event);
		struct process_event event;
		print_message("%s\n", rows[i].name);
		assert_int_equal(connector_parse(str_of(datagram.bytes, datagram.len), &event),
				 rows[i].result);
		if (rows[i].result != CONNECTOR_EVENT)
			continue;
		assert_int_equal(event.kind, rows[i].kind);
		assert_int_equal(event.key.pid, rows[i].pid);
		assert_int_equal(event.parent.pid, rows[i].parent);
		assert_int_equal(event.status, rows[i].status);
	}
}

static void what_is_cut_off_is_malformed(void **state)
{
	struct proc_event fork = {.what = PROC_EVENT_FORK, .event_data.fork = {10, 10, 20, 20}};
	struct datagram whole = datagram_of(&fork);
	struct process_event event;

	for (size_t len = 0; len < whole.len; len++) {
		char *cut = malloc(len + 1); /* so that a read behind the end is seen */
		assert_non_null(cut);
		memcpy(cut, whole.bytes, len);
		assert_int_equal(connector_parse(str_of(cut, len), &event), CONNECTOR_MALFORMED);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_told),
		cmocka_unit_test(what_is_cut_off_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

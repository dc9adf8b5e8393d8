#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/proc/machine.h"
#include "decode/proc/sockets.h"

#define HEADING "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
#define TAIL	" 00000000:00000000 02:000006B8 00000000  1000        0 "

static void reads_sockets(void **state)
{
	static const struct {
		const char *line, *local, *remote;
		bool is_tcp, is_listening;
		uint64_t inode;
	} lines[] = {
		{"   0: 0100007F:0D05 00000000:0000 0A" TAIL
		 "4711 1 0000000000000000 100 0 0 10 0\n",
		 "127.0.0.1:3333", "0.0.0.0:0", true, true, 4711},
		{"  12: 0700000A:9C40 09C0A8C0:01BB 01" TAIL "4712 2\n", "10.0.0.7:40000",
		 "192.168.192.9:443", true, false, 4712},
		{"   1: 00000000000000000000000001000000:1A0A "
		 "B80D0120000000000000000001000000:0050 01" TAIL "4713\n",
		 "[::1]:6666", "[2001:db8::1]:80", true, false, 4713},
		{"   1: 0000000000000000FFFF00000700000A:9C40 "
		 "0000000000000000FFFF0000010200C0:0D05 01" TAIL "4714\n",
		 "10.0.0.7:40000", "192.0.2.1:3333", true, false, 4714},
		{" 4096: 00000000:0035 00000000:0000 07" TAIL "4715 2\n", "0.0.0.0:53", "0.0.0.0:0",
		 false, false, 4715},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct str text = str_from(lines[i].line);
		struct process_socket found;
		char local[ENDPOINT_TEXT_MAX], remote[ENDPOINT_TEXT_MAX];
		assert_true(proc_sockets_next(&text, lines[i].is_tcp, &found));
		assert_true(
			str_equal(endpoint_text(&found.local, local), str_from(lines[i].local)));
		assert_true(
			str_equal(endpoint_text(&found.remote, remote), str_from(lines[i].remote)));
		assert_int_equal(found.is_tcp, lines[i].is_tcp);
		assert_int_equal(found.is_listening, lines[i].is_listening);
		assert_int_equal(found.inode, lines[i].inode);
		assert_int_equal(found.uid, 1000);
	}
}

static void passes_over_what_is_no_socket(void **state)
{
	struct str text = STR(HEADING "   0: 0100007F:0D05 00000000:0000 0A\n"
				      "   0: 010000:0D05 00000000:0000 0A" TAIL "1\n"
				      "   0: 0100007F:10D05 00000000:0000 0A" TAIL "1\n"
				      "   0: 0100007F:0D05 00000000:0000 0A 00000000:00000000 "
				      "02:000006B8 00000000 4294967296 0 1\n"
				      "   0: 0100007F:0D05 00000000:0000 0A" TAIL "99\n"
				      "   1: 0100007F:0D05 00000000:0000 0A" TAIL "12");
	struct process_socket found;

	assert_true(proc_sockets_next(&text, true, &found));
	assert_int_equal(found.inode, 99);
	assert_false(proc_sockets_next(&text, true, &found));
	assert_true(str_starts(text, STR("   1:"))); /* its inode may go on */
}

static void reads_links(void **state)
{
	uint64_t inode = 0;

	assert_true(proc_socket_link_read(STR("socket:[4711]"), &inode));
	assert_int_equal(inode, 4711);
	assert_false(proc_socket_link_read(STR("socket:[]"), &inode));
	assert_false(proc_socket_link_read(STR("socket:[47"), &inode));
	assert_false(proc_socket_link_read(STR("socket:[-1]"), &inode));
	assert_false(proc_socket_link_read(STR("/tmp/socket:[1]"), &inode));
	assert_false(proc_socket_link_read(STR("]"), &inode));
	assert_false(proc_socket_link_read((struct str){0}, &inode));
}

static void reads_the_machine(void **state)
{
	struct proc_machine machine;
	duration up;

	assert_int_equal(proc_machine_read(STR("cpu  10 20 30 40 50 60 70 80 90 100\n"
					       "cpu0 5 10 15 20 25 30 35 40 45 50\n"
					       "cpu1 5 10 15 20 25 30 35 40 45 50\n"
					       "intr 1 2 3\nctxt 99\nbtime 1790000000\n"),
					   &machine),
			 DECODED);
	assert_int_equal(machine.user, 10);
	assert_int_equal(machine.stolen, 80);
	assert_int_equal(machine.processors, 2);
	assert_int_equal(machine.booted.ns, 1790000000000000000);
	assert_int_equal(
		proc_machine_read(STR("cpu0 1 2 3 4\nbtime 99999999999999999\n"), &machine),
		MALFORMED);
	assert_int_equal(proc_uptime_read(STR("350735.47 234388.90\n"), &up), DECODED);
	assert_int_equal(up.ns, 350735470000000);
	assert_int_equal(proc_uptime_read(STR("12\n"), &up), MALFORMED);
	assert_int_equal(proc_uptime_read(STR("99999999999999.0 1"), &up), MALFORMED);
	assert_int_equal(proc_uptime_read(STR(""), &up), NEED_MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sockets),
		cmocka_unit_test(passes_over_what_is_no_socket),
		cmocka_unit_test(reads_links),
		cmocka_unit_test(reads_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

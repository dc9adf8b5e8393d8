/*
 * The whole way of a list: a file that the settings name, read by the half of davy scan with
 * rights, told by the half without any.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "lab/capture_writer.h"
#include "lab/packets.h"

/* What a miner at 10.0.0.7 says to 198.51.100.20:3333, and how lists make the finding differ. */
static const struct {
	const char *what, *lists, *has[3], *lacks;
} rows[] = {
	{"no lists", "", {"\"verdict\":\"suspect\"", "\"confidence\":0.4,"}, "listed"},
	{"a list",
	 "listed.txt",
	 {"\"listed\":\"198.51.100.0/24\"", "\"confidence\":0.5,",
	  "listed as a public pool: 198.51.100.0/24, by List of tests of 2026-11-22"},
	 "shared_address"},
	{"a shared network",
	 "listed.txt, shared.txt",
	 {"\"shared_address\":true", "\"confidence\":0.4,"},
	 "listed"},
	{"a list beside one that is missing and one that is wrong",
	 "missing.txt, wrong.txt, listed.txt",
	 {"\"listed\":\"198.51.100.0/24\"", "davy: missing.txt: the list cannot be read",
	  "davy: wrong.txt:5: \"com\" would list a whole top-level domain"},
	 "shared_address"},
};

static void write_text(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_capture(void)
{
	static const char said[] =
		"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4.10\"]}\n"
		"{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"a.b\",\"x\"]}\n";
	struct lab_transcript transcript = {0};
	struct lab_packet_settings settings = {.seed = 7,
					       .client = {address_v4(0x0a000007), 40001},
					       .server = {address_v4(0xc6336414), 3333}};
	struct lab_packets packets;
	struct buf out = {0};
	struct capture_writer writer = {.out = &out};

	lab_transcript_add(&transcript, instant_at(1795345000, 0), LAB_MINER, str_from(said));
	assert_int_equal(lab_packets_make(&transcript, &settings, &packets), 0);
	capture_write_pcap_header(&writer, 1);
	for (size_t i = 0; i < packets.count; i++)
		capture_write_pcap_record(&writer, &packets.frames[i]);
	assert_false(out.failed);
	write_text("login.pcap", out.at, out.len);
	lab_packets_fini(&packets);
	lab_transcript_fini(&transcript);
	buf_fini(&out);
}

#define HEADER		  "# name: List of tests\n# source: us\n# date: 2026-11-22\n# licence: none\n"
#define WRITE(path, text) write_text(path, text, sizeof(text) - 1)

static int make_place(void **state)
{
	char *folder = strdup("/tmp/davy-scan-lists-XXXXXX");

	*state = folder;
	if (!mkdtemp(folder) || chdir(folder) != 0)
		return -1;
	WRITE("listed.txt", HEADER "198.51.100.0/24\n");
	WRITE("shared.txt", HEADER "shared 198.51.100.0/25\n");
	WRITE("wrong.txt", HEADER "com\n");
	write_capture();
	return 0;
}

static int drop_place(void **state)
{
	static const char *const names[] = {"listed.txt", "shared.txt", "wrong.txt",
					    "login.pcap", "davy.yaml",	"out"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(names[i]);
	int result = chdir("/") == 0 ? rmdir(*state) : -1;
	free(*state);
	return result;
}

static int scan(struct buf *said)
{
	char block[4096];
	size_t got;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (!freopen("out", "w", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
			_exit(99);
		execl(getenv("DAVY_PROGRAM"), "davy", "scan", "--json", "--config", "davy.yaml",
		      "login.pcap", NULL);
		_exit(98);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	FILE *file = fopen("out", "r");
	assert_non_null(file);
	while ((got = fread(block, 1, sizeof(block), file)) > 0)
		buf_add_bytes(said, block, got);
	fclose(file);
	buf_add_byte(said, '\0');
	return WEXITSTATUS(status);
}

static void findings_say_what_lists_say(void **state)
{
	assert_non_null(getenv("DAVY_PROGRAM"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char settings[256];
		struct buf said = {0};
		int len = snprintf(settings, sizeof(settings),
				   "lists:\n  shipped: false\n  pools: [%s]\n", rows[i].lists);
		write_text("davy.yaml", settings, (size_t)len);
		if (scan(&said) != 1)
			fail_msg("%s: no finding: %s", rows[i].what, said.at);
		for (size_t k = 0; k < 3 && rows[i].has[k]; k++)
			if (!strstr(said.at, rows[i].has[k]))
				fail_msg("%s: no %s in %s", rows[i].what, rows[i].has[k], said.at);
		if (strstr(said.at, rows[i].lacks))
			fail_msg("%s: %s in %s", rows[i].what, rows[i].lacks, said.at);
		buf_fini(&said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(findings_say_what_lists_say, make_place,
						drop_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

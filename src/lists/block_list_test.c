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

#include "lists/block_list.h"

static const char file[] = "# name: the \x1b[31mtests\n# source: us\n# date: 2026-11-22\n"
			   "# licence: none\n"
			   "example.net\n"
			   "example.net:3333\n"
			   "deep.pool.example.net\n"
			   "only.example.org:3333\n"
			   "198.51.100.0/24\n"
			   "192.0.2.7\n"
			   "192.0.2.8:3333\n"
			   "2001:db8:1::/48\n"
			   "2001:db8::5\n"
			   "[2001:db8::6]:443\n"
			   "2001:db8:0:0:1::1\n"
			   "::1.2.3.4\n"
			   "203.0.113.7\n"
			   "shared 203.0.113.0/24\n";

/* Lines that must be there, lines that must not; ends with NULL. */
static const struct {
	const char *format;
	struct block_counts counts;
	const char *has[12], *lacks[6];
} formats[] = {
	{"plain",
	 {4, 8, 1, 0, 0},
	 {"\nexample.net\n", "\nexample.net:3333\n", "\ndeep.pool.example.net\n",
	  "\nonly.example.org:3333\n", "\n198.51.100.0/24\n", "\n192.0.2.8:3333\n",
	  "\n[2001:db8::6]:443\n", "\n2001:db8:1::/48\n", "\n# date: 2026-11-22\n"},
	 {"203.0.113"}},
	{"hosts",
	 {3, 0, 1, 8, 0},
	 {"\n0.0.0.0 example.net\n:: example.net\n", "\n0.0.0.0 deep.pool.example.net\n",
	  "\n0.0.0.0 only.example.org\n"},
	 {"198.51", "3333"}},
	{"dnsmasq",
	 {2, 0, 1, 8, 1},
	 {"\nlocal=/example.net/\n", "\nlocal=/only.example.org/\n"},
	 {"deep", "198.51"}},
	{"unbound",
	 {2, 0, 1, 8, 1},
	 {"\nserver:\n", "\n\tlocal-zone: \"example.net.\" always_nxdomain\n"},
	 {"deep", "198.51"}},
	{"rpz",
	 {2, 6, 1, 2, 1},
	 {"\nexample.net CNAME .\n*.example.net CNAME .\n", "\n24.0.100.51.198.rpz-ip CNAME .\n",
	  "\n32.7.2.0.192.rpz-ip CNAME .\n", "\n48.zz.1.db8.2001.rpz-ip CNAME .\n",
	  "\n128.5.zz.db8.2001.rpz-ip CNAME .\n", "\n128.1.0.0.1.zz.db8.2001.rpz-ip CNAME .\n",
	  "\n128.304.102.zz.rpz-ip CNAME .\n", " 1795348800 3600 "},
	 {"deep", "192.0.2.8", "8.2.0.192", "203"}},
	{"squid",
	 {2, 6, 1, 2, 1},
	 {"\nacl davy_pools dstdomain .example.net\n",
	  "\nacl davy_pool_networks dst 198.51.100.0/24\n", "\nhttp_access deny davy_pools\n",
	  "\nhttp_access deny davy_pool_networks\n"},
	 {"deep", "192.0.2.8", "203.0"}},
	{"nft",
	 {0, 8, 1, 3, 0},
	 {"\n\t\tip daddr 198.51.100.0/24 counter reject",
	  "\n\t\tip daddr 192.0.2.8 tcp dport 3333 counter reject with tcp reset\n",
	  "\n\t\tip6 daddr 2001:db8:1::/48 counter",
	  "\n\t\tip6 daddr 2001:db8::6 tcp dport 443 counter"},
	 {"example", "203.0"}},
	{"adblock",
	 {2, 6, 1, 2, 1},
	 {"\n||example.net^\n", "\n||192.0.2.7^\n", "\n||192.0.2.8:3333^\n", "\n||[2001:db8::5]^\n",
	  "\n||[2001:db8::6]:443^\n", "! Written by davy"},
	 {"deep", "198.51", "/48", "\n#"}},
};

static const instant now = {1795348800ll * 1000000000};

static void open_list(const char *text, struct buf *blob, struct pool_list *list)
{
	struct pool_list_builder builder = {0};
	struct error why = {0};

	if (pool_list_add_file(&builder, "f", str_from(text), &why) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(pool_list_seal(&builder, blob), 0);
	pool_list_builder_fini(&builder);
	assert_true(pool_list_open(buf_view(blob), list));
}

static void write_format(const char *name, const char *text, struct buf *out,
			 struct block_counts *counts)
{
	struct buf blob = {0};
	struct pool_list list;

	open_list(text, &blob, &list);
	const struct block_format *format = block_format_find(str_from(name));
	assert_non_null(format);
	*counts = block_list_write(format, &list, now, out);
	buf_add_byte(out, '\0');
	assert_false(out->failed);
	buf_fini(&blob);
}

static void each_format_says_what_it_can(void **state)
{
	assert_int_equal(sizeof(formats) / sizeof(*formats), block_format_count);
	assert_null(block_format_find(STR("host")));
	for (size_t i = 0; i < block_format_count; i++) {
		struct buf out = {0};
		struct block_counts counts;
		write_format(formats[i].format, file, &out, &counts);
		for (size_t k = 0; k < 12 && formats[i].has[k]; k++)
			if (!strstr(out.at, formats[i].has[k]))
				fail_msg("%s lacks %s in %s", formats[i].format, formats[i].has[k],
					 out.at);
		for (size_t k = 0; k < 6 && formats[i].lacks[k]; k++)
			if (strstr(out.at, formats[i].lacks[k]))
				fail_msg("%s has %s in %s", formats[i].format, formats[i].lacks[k],
					 out.at);
		if (memcmp(&counts, &formats[i].counts, sizeof(counts)) != 0)
			fail_msg("%s counts %u %u %u %u %u", formats[i].format, counts.names,
				 counts.networks, counts.shared, counts.unsaid, counts.covered);
		assert_null(strchr(out.at, '\x1b'));
		buf_fini(&out);
	}
}

static void plain_can_be_read_again(void **state)
{
	struct buf first = {0}, second = {0};
	struct block_counts counts, again;

	write_format("plain", file, &first, &counts);
	write_format("plain", first.at, &second, &again);
	assert_int_equal(counts.names, again.names);
	assert_int_equal(counts.networks, again.networks);
	buf_fini(&first);
	buf_fini(&second);
}

/* Tools that read each format, when this machine has them: asked only to check the syntax. */
static const struct {
	const char *format, *tool, *wrap, *command;
} tools[] = {
	{"dnsmasq", "dnsmasq", "%s", "dnsmasq --test --conf-file=list"},
	{"unbound", "unbound-checkconf",
	 "server:\n\tdirectory: \".\"\n\tchroot: \"\"\n\tusername: \"\"\n%s",
	 "unbound-checkconf list"},
	{"rpz", "named-checkzone", "%s", "named-checkzone rpz.example list"},
	{"squid", "squid", "http_port 3128\npid_filename none\n%s", "squid -k parse -f list"},
	{"nft", "nft", "%s", "unshare -n nft -c -f list"},
};

static bool has_tool(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin command -v %s >/dev/null",
		 name);
	return system(command) == 0;
}

static void check_tool(size_t index)
{
	char command[512];
	struct buf out = {0};
	struct block_counts counts;

	if (!has_tool(tools[index].tool)) {
		print_message("# skipped: %s is not installed\n", tools[index].tool);
		return;
	}
	if (strcmp(tools[index].tool, "nft") == 0 && geteuid() != 0) {
		print_message("# skipped: nft checks nothing without root\n");
		return;
	}
	write_format(tools[index].format, file, &out, &counts);
	FILE *list = fopen("list", "w");
	assert_non_null(list);
	fprintf(list, tools[index].wrap, out.at);
	assert_int_equal(fclose(list), 0);
	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin %s >said 2>&1",
		 tools[index].command);
	int status = system(command);
	if (status != 0) {
		snprintf(command, sizeof(command), "sed 's/^/# /' said");
		(void)!system(command);
	}
	print_message("# %s: %s\n", tools[index].tool, status == 0 ? "takes it" : "refuses it");
	assert_int_equal(status, 0);
	unlink("list");
	unlink("said");
	buf_fini(&out);
}

static void real_tools_take_each_format(void **state)
{
	char folder[] = "/tmp/davy-lists-XXXXXX";

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		check_tool(i);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_says_what_it_can),
		cmocka_unit_test(plain_can_be_read_again),
		cmocka_unit_test(real_tools_take_each_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

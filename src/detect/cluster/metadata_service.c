#include "detect/cluster/metadata_service.h"

#include <stdint.h>
#include <string.h>

#include "model/endpoint.h"

enum { COMMAND_MOST = 16 * 1024, HOST_MOST = 128 };

static const struct {
	const char *address, *cloud;
	bool is_credentials; /* it gives nothing else */
} addresses[] = {
	{"169.254.169.254", "a cloud", false},
	{"fd00:ec2::254", "AWS", false},
	{"169.254.170.2", "AWS (a task's role)", true},
	{"169.254.170.23", "AWS (a pod's identity)", true},
	{"fd00:ec2::23", "AWS (a pod's identity)", true},
	{"fd20:ce::254", "Google Cloud", false},
	{"168.63.129.16", "Azure", false},
	{"100.100.100.200", "Alibaba Cloud", false},
	{"192.0.0.192", "Oracle Cloud", false},
};

static const struct {
	struct str name;
	const char *cloud;
} names[] = {
	{STR("metadata.google.internal"), "Google Cloud"},
	{STR("metadata.goog"), "Google Cloud"},
	{STR("instance-data"), "AWS"},
	{STR("instance-data.ec2.internal"), "AWS"},
	{STR("metadata.tencentyun.com"), "Tencent Cloud"},
	{STR("metadata.azure.internal"), "Azure"},
};

/* What no other server has, whatever the host is called. */
static const struct {
	struct str path;
	const char *cloud;
	bool is_credentials;
} paths[] = {
	{STR("/latest/meta-data/iam/security-credentials"), "AWS", true},
	{STR("/latest/meta-data"), "AWS", false},
	{STR("/latest/api/token"), "AWS", false},
	{STR("/latest/dynamic/instance-identity"), "AWS", false},
	{STR("/computemetadata/v1"), "Google Cloud", false},
	{STR("/metadata/identity/oauth2/token"), "Azure", true},
	{STR("/metadata/instance?api-version"), "Azure", false},
};

static const struct str credentials[] = {
	STR("security-credentials"),
	STR("service-accounts"),
	STR("identity/oauth2/token"),
	STR("/v2/credentials"),
	STR("/v1/credentials"),
	STR("/identity-credentials/"),
	STR("/ram/"),
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* A number as inet_aton reads it: 0x.., 0.., or decimal; false on anything else. */
static bool read_number(struct str text, uint64_t *out)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (str_starts(text, STR("0x"))) {
		base = 16;
		text = str_skip(text, 2);
	} else if (text.len > 1 && text.at[0] == '0') {
		base = 8;
	}
	if (text.len == 0 || text.len > 64)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.at[i]);
		if (digit < 0 || (unsigned)digit >= base || value > UINT32_MAX)
			return false;
		value = value * base + (unsigned)digit;
	}
	*out = value;
	return true;
}

/* "169.254.169.254", "2852039166", "0xa9.254.0251.0376", "169.254.43518" */
static bool read_address(struct str host, struct address *out)
{
	uint64_t parts[4], all = 0;
	size_t count = 0;
	struct str part, rest = host;
	bool has_more = true;

	while (has_more && count < 4) {
		has_more = str_cut(rest, '.', &part, &rest);
		if (!read_number(part, &parts[count++]))
			return false;
	}
	if (has_more)
		return false;
	for (size_t i = 0; i + 1 < count; i++) {
		if (parts[i] > 255)
			return false;
		all |= parts[i] << (24 - 8 * i);
	}
	if (parts[count - 1] >> (8 * (5 - count)) != 0)
		return false;
	*out = address_v4((uint32_t)(all | parts[count - 1]));
	return true;
}

static bool is_named(struct str host, struct metadata_service *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_equal(host, names[i].name)) {
			out->cloud = names[i].cloud;
			return true;
		}
	return false;
}

/* Names that resolve to the address in them: "169.254.169.254.nip.io". */
static struct str without_resolver(struct str host)
{
	static const struct str ends[] = {STR(".nip.io"), STR(".sslip.io"), STR(".xip.io")};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (str_ends(host, ends[i]))
			return str_sub(host, 0, host.len - ends[i].len);
	return host;
}

static bool is_host(struct str host, struct metadata_service *out)
{
	struct address address, known;
	struct str bare = without_resolver(host);

	if (is_named(host, out))
		return true;
	if (!address_parse(bare, &address) && !read_address(bare, &address))
		return false;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		struct str text = str_from(addresses[i].address);
		if (!address_parse(text, &known) || !address_equal(&known, &address))
			continue;
		out->cloud = addresses[i].cloud;
		out->is_spelled = !str_equal(text, host);
		out->asks_credentials |= addresses[i].is_credentials;
		return true;
	}
	return false;
}

/* Quotes and backslashes go, as a shell takes them away; %41 becomes A, as curl does in a host. */
static size_t clean(struct str command, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < command.len && len < COMMAND_MOST; i++) {
		char c = command.at[i];
		if (c == '\'' || c == '"' || c == '\\')
			continue;
		if (str_percent_byte(command, i) >= 0) {
			c = (char)str_percent_byte(command, i);
			i += 2;
		}
		out[len++] = lower(c);
	}
	return len;
}

static bool is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':';
}

/* "host:80" and "a.b.c.d:80"; an address of version 6 has two colons or more. */
static struct str without_port(struct str word)
{
	ptrdiff_t colon = str_find_byte(word, ':');

	if (colon >= 0 && str_find_byte(str_skip(word, (size_t)colon + 1), ':') < 0)
		word = str_sub(word, 0, (size_t)colon);
	while (word.len > 0 && word.at[word.len - 1] == '.')
		word.len--;
	return word;
}

static bool find_host(struct str text, struct metadata_service *out)
{
	for (size_t at = 0; at < text.len;) {
		size_t len = 0;
		while (at + len < text.len && is_host_byte(text.at[at + len]))
			len++;
		struct str word = str_sub(text, at, len);
		/* "http:" of "http://" is a word of its own, for '/' ends it */
		if (len > 0 && len <= HOST_MOST && is_host(without_port(word), out))
			return true;
		at += len > 0 ? len : 1;
	}
	return false;
}

bool metadata_service_find(struct str command, struct metadata_service *out)
{
	char cleaned[COMMAND_MOST];
	struct str text = str_of(cleaned, clean(command, cleaned));
	bool is_found;

	*out = (struct metadata_service){0};
	is_found = find_host(text, out);
	for (size_t i = 0; !is_found && i < sizeof(paths) / sizeof(*paths); i++)
		if (str_find(text, paths[i].path) >= 0) {
			out->cloud = paths[i].cloud;
			out->is_spelled = is_found = true;
			out->asks_credentials = paths[i].is_credentials;
		}
	for (size_t i = 0; is_found && i < sizeof(credentials) / sizeof(*credentials); i++)
		out->asks_credentials |= str_find(text, credentials[i]) >= 0;
	return is_found;
}

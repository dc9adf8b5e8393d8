#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "respond/block/block.h"
#include "respond/task.h"

enum { ROUTES_MAX = 256 * 1024 };

static void add(struct never *never, const struct address *address)
{
	for (size_t i = 0; i < never->count; i++)
		if (address_equal(&never->at[i], address))
			return;
	if (never->count < NEVER_MAX)
		never->at[never->count++] = *address;
}

static bool word_at(struct str line, unsigned index, struct str *word)
{
	for (unsigned i = 0;; i++) {
		while (line.len && (line.at[0] == ' ' || line.at[0] == '\t'))
			line = str_skip(line, 1);
		size_t len = 0;
		while (len < line.len && line.at[len] != ' ' && line.at[len] != '\t')
			len++;
		*word = str_sub(line, 0, len);
		if (i == index || len == 0)
			return len > 0;
		line = str_skip(line, len);
	}
}

/* The third column is the gateway, as the machine's own memory has it: little-endian on x86. */
void never_add_routes(struct never *never, struct str route)
{
	struct str line, word;
	uint64_t value;

	while (route.len) {
		(void)str_cut(route, '\n', &line, &route);
		if (!word_at(line, 2, &word) || !str_hex_to_u64(word, &value) || value == 0 ||
		    value > UINT32_MAX)
			continue;
		uint32_t in_memory = (uint32_t)value;
		uint8_t bytes[4];
		memcpy(bytes, &in_memory, 4);
		struct address address = address_v4_bytes(bytes);
		add(never, &address);
	}
}

/* The fifth is the next hop, 32 hex digits in the order of the wire. */
void never_add_routes6(struct never *never, struct str route)
{
	static const struct address none;
	struct str line, word;

	while (route.len) {
		struct address address;
		(void)str_cut(route, '\n', &line, &route);
		if (word_at(line, 4, &word) && str_decode_hex(word, address.bytes, 16) == 16 &&
		    !address_equal(&address, &none))
			add(never, &address);
	}
}

void never_add_resolvers(struct never *never, struct str resolv_conf)
{
	struct str line, word;

	while (resolv_conf.len) {
		struct address address;
		(void)str_cut(resolv_conf, '\n', &line, &resolv_conf);
		if (word_at(line, 0, &word) && str_equal(word, STR("nameserver")) &&
		    word_at(line, 1, &word) && address_parse(word, &address))
			add(never, &address);
	}
}

const char *never_says(const struct never *never, const struct address *address)
{
	static const struct address any, any_v4 = {{[10] = 0xff, [11] = 0xff}};

	if (address_is_loopback(address))
		return "loopback";
	if (address_equal(address, &any) || address_equal(address, &any_v4))
		return "no address";
	if (address_is_v4(address) ? address->bytes[12] >= 224 : address->bytes[0] == 0xff)
		return "many at once (multicast or broadcast)";
	for (size_t i = 0; i < never->count; i++)
		if (address_equal(&never->at[i], address))
			return "a gateway or resolver of this machine";
	return NULL;
}

void never_read(int proc, uint32_t pid, struct never *out)
{
	char text[ROUTES_MAX];
	struct str all;

	*out = (struct never){0};
	if (task_text(proc, pid, "net/route", text, sizeof(text), &all) == 0)
		never_add_routes(out, all);
	if (task_text(proc, pid, "net/ipv6_route", text, sizeof(text), &all) == 0)
		never_add_routes6(out, all);
	int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
	if (got > 0)
		never_add_resolvers(out, str_of(text, (size_t)got));
	if (fd >= 0)
		close(fd);
}

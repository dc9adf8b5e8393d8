#include "decode/proc/sockets.h"

#include "decode/proc/fields.h"

enum { STATE_LISTEN = 0x0a, V4_DIGITS = 8, V6_DIGITS = 32 };

/* Words of 32 bits, each written as the number this processor reads in memory: little-endian. */
static bool read_address(struct str text, struct address *out)
{
	uint8_t bytes[16];
	ptrdiff_t len = str_decode_hex(text, bytes, sizeof(bytes));

	if (len != 4 && len != 16)
		return false;
	for (ptrdiff_t i = 0; i < len; i += 4)
		for (ptrdiff_t j = 0; j < 2; j++) {
			uint8_t swapped = bytes[i + j];
			bytes[i + j] = bytes[i + 3 - j];
			bytes[i + 3 - j] = swapped;
		}
	if (len == 4)
		*out = address_v4_bytes(bytes);
	else
		memcpy(out->bytes, bytes, sizeof(bytes));
	return true;
}

static bool read_endpoint(struct str word, struct endpoint *out)
{
	struct str address, port;
	uint64_t number;

	if (!str_cut(word, ':', &address, &port) || !read_address(address, &out->address) ||
	    port.len != 4 || !str_hex_to_u64(port, &number))
		return false;
	out->port = (uint16_t)number;
	return true;
}

/* sl local remote st tx:rx tr:when retrnsmt uid timeout inode */
static bool read_line(struct str line, bool is_tcp, struct process_socket *out)
{
	struct str word;
	uint64_t state, uid;

	*out = (struct process_socket){.is_tcp = is_tcp};
	if (!next_word(&line, &word) || !str_ends(word, STR(":")) || !next_word(&line, &word) ||
	    !read_endpoint(word, &out->local) || !next_word(&line, &word) ||
	    !read_endpoint(word, &out->remote) || !next_word(&line, &word) ||
	    !str_hex_to_u64(word, &state) || !skip_words(&line, 3) || !next_number(&line, &uid) ||
	    uid > UINT32_MAX || !skip_words(&line, 1))
		return false;
	out->uid = (uint32_t)uid;
	out->is_listening = is_tcp && state == STATE_LISTEN;
	return next_number(&line, &out->inode);
}

bool proc_sockets_next(struct str *rest, bool is_tcp, struct process_socket *out)
{
	struct str line;

	while (str_find_byte(*rest, '\n') >= 0)
		if (next_line(rest, &line) && read_line(line, is_tcp, out))
			return true;
	return false;
}

bool proc_socket_link_read(struct str link, uint64_t *inode)
{
	if (!str_starts(link, STR("socket:[")) || !str_ends(link, STR("]")))
		return false;
	return str_to_u64(str_sub(link, 8, link.len - 9), inode);
}

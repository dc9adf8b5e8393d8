#include "decode/app/x509.h"

#include "base/reader.h"

enum {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTF8 = 0x0c,
	DER_PRINTABLE = 0x13,
	DER_T61 = 0x14,
	DER_IA5 = 0x16,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_VERSION = 0xa0,    /* [0] of a TBSCertificate */
	DER_EXTENSIONS = 0xa3, /* [3] of a TBSCertificate */
	NAME_DNS = 0x82,       /* [2] of a GeneralName */
	NAME_ADDRESS = 0x87,   /* [7] of a GeneralName */
};

struct element {
	uint8_t tag;
	struct str content;
};

/* NEED_MORE: the content is longer than what is left; for anything but the outermost element the
 * length lies then. */
static enum decoded element_read(struct reader *in, struct element *out)
{
	struct reader at = *in;
	uint8_t first, byte;
	size_t len = 0;

	if (!read_u8(&at, &out->tag) || !read_u8(&at, &first))
		return NEED_MORE;
	if ((out->tag & 0x1f) == 0x1f || first == 0x80 || first > 0x84)
		return MALFORMED;
	if (first < 0x80)
		len = first;
	for (uint8_t i = 0; first > 0x80 && i < (first & 0x7f); i++) {
		if (!read_u8(&at, &byte))
			return NEED_MORE;
		len = len << 8 | byte;
	}
	if (!read_span(&at, len, &out->content))
		return NEED_MORE;
	*in = at;
	return DECODED;
}

/* The next element when it has this tag; else nothing is consumed. */
static bool take(struct reader *in, uint8_t tag, struct str *content)
{
	struct reader at = *in;
	struct element element;

	if (element_read(&at, &element) != DECODED || element.tag != tag)
		return false;
	*content = element.content;
	*in = at;
	return true;
}

static bool is_text_of_bytes(uint8_t tag)
{
	return tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_T61 || tag == DER_IA5;
}

/* Name ::= SEQUENCE OF SET OF SEQUENCE { type OID, value }; the last common name is the innermost.
 */
static struct str common_name_of(struct str name)
{
	static const struct str common_name = {"\x55\x04\x03", 3};
	struct reader sets = reader_of(name);
	struct str set, pair, oid, found = {0};

	while (take(&sets, DER_SET, &set)) {
		struct reader pairs = reader_of(set);
		while (take(&pairs, DER_SEQUENCE, &pair)) {
			struct reader fields = reader_of(pair);
			struct element value;
			if (take(&fields, DER_OID, &oid) && str_equal(oid, common_name) &&
			    element_read(&fields, &value) == DECODED && is_text_of_bytes(value.tag))
				found = value.content;
		}
	}
	return found;
}

static void add_address(struct x509_names *out, struct str bytes)
{
	struct address address;

	if (bytes.len != 4 && bytes.len != 16)
		return;
	if (out->address_count == X509_NAMES_MAX) {
		out->has_more = true;
		return;
	}
	if (bytes.len == 4)
		address = address_v4_bytes((const uint8_t *)bytes.at);
	else
		memcpy(address.bytes, bytes.at, 16);
	out->addresses[out->address_count++] = address;
}

static enum decoded alternative_names(struct str extension, struct x509_names *out)
{
	struct reader outer = reader_of(extension);
	struct element name;
	struct str names;

	if (!take(&outer, DER_SEQUENCE, &names))
		return MALFORMED;
	struct reader in = reader_of(names);
	while (reader_left(&in) > 0) {
		if (element_read(&in, &name) != DECODED)
			return MALFORMED;
		if (name.tag == NAME_ADDRESS)
			add_address(out, name.content);
		if (name.tag != NAME_DNS || name.content.len == 0)
			continue;
		if (out->dns_count < X509_NAMES_MAX)
			out->dns[out->dns_count++] = name.content;
		else
			out->has_more = true;
	}
	return DECODED;
}

/* Extensions ::= SEQUENCE OF SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, value OCTET STRING }
 */
static enum decoded extensions_read(struct str wrapped, struct x509_names *out)
{
	static const struct str alternative_name = {"\x55\x1d\x11", 3};
	struct reader outer = reader_of(wrapped);
	struct str list, extension, oid;
	struct element value;

	if (!take(&outer, DER_SEQUENCE, &list))
		return MALFORMED;
	struct reader in = reader_of(list);
	while (reader_left(&in) > 0) {
		if (!take(&in, DER_SEQUENCE, &extension))
			return MALFORMED;
		struct reader fields = reader_of(extension);
		if (!take(&fields, DER_OID, &oid))
			return MALFORMED;
		if (!str_equal(oid, alternative_name))
			continue;
		do {
			if (element_read(&fields, &value) != DECODED)
				return MALFORMED;
		} while (value.tag != DER_OCTET_STRING);
		if (alternative_names(value.content, out) != DECODED)
			return MALFORMED;
	}
	return DECODED;
}

static enum decoded certificate_body_read(struct str body, struct x509_names *out)
{
	struct reader in = reader_of(body);
	struct str ignored, issuer, subject;
	struct element element;

	(void)take(&in, DER_VERSION, &ignored); /* absent in version 1 */
	if (!take(&in, DER_INTEGER, &ignored) || !take(&in, DER_SEQUENCE, &ignored) ||
	    !take(&in, DER_SEQUENCE, &issuer) || !take(&in, DER_SEQUENCE, &ignored) ||
	    !take(&in, DER_SEQUENCE, &subject) || !take(&in, DER_SEQUENCE, &ignored))
		return MALFORMED;
	out->issuer = common_name_of(issuer);
	out->subject = common_name_of(subject);
	while (reader_left(&in) > 0) {
		if (element_read(&in, &element) != DECODED)
			return MALFORMED;
		if (element.tag == DER_EXTENSIONS)
			return extensions_read(element.content, out);
	}
	return DECODED;
}

enum decoded x509_names_read(struct str der, struct x509_names *out)
{
	struct reader in = reader_of(der);
	struct element certificate;
	struct str body;

	*out = (struct x509_names){0};
	enum decoded outcome = element_read(&in, &certificate);
	if (reader_left(&in) > 0 && der.at[0] != DER_SEQUENCE)
		return MALFORMED;
	if (outcome != DECODED)
		return outcome;
	if (certificate.tag != DER_SEQUENCE)
		return MALFORMED;
	struct reader inner = reader_of(certificate.content);
	if (!take(&inner, DER_SEQUENCE, &body))
		return MALFORMED;
	return certificate_body_read(body, out);
}

/*
 * The names in an X.509 certificate: what a server of TLS 1.2 or older says it is called.
 *
 * A walker over DER that knows only the way to the names. Certificates come from hostile servers,
 * so no general ASN.1 library stands between them and us, and nothing is verified: a name here is
 * a claim.
 */
#ifndef DAVY_DECODE_APP_X509_H
#define DAVY_DECODE_APP_X509_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "decode/decoded.h"
#include "model/endpoint.h"

enum { X509_NAMES_MAX = 32 };

struct x509_names {
	struct str subject, issuer; /* common names; empty when absent or in a 16-bit alphabet */
	struct str dns[X509_NAMES_MAX]; /* subjectAltName dNSName, as written */
	size_t dns_count;
	struct address addresses[X509_NAMES_MAX]; /* subjectAltName iPAddress */
	size_t address_count;
	bool has_more; /* more names than fit */
};

/*
 * Read the names of one DER certificate.
 *
 * der:     begins with the certificate; what follows it is ignored
 * returns: DECODED; NEED_MORE: the certificate is longer than `der`; MALFORMED: not a certificate,
 *          with the names found before the break left in `out`
 * source:  RFC 5280 section 4.1, X.690 section 8 (definite lengths, one-byte tags)
 */
enum decoded x509_names_read(struct str der, struct x509_names *out);

#endif

/*
 * The metadata service of a cloud in a command: where a machine, or a pod on it, is given the
 * credentials of its role. In all the ways in which programs let its address be written.
 */
#ifndef DAVY_DETECT_CLUSTER_METADATA_SERVICE_H
#define DAVY_DETECT_CLUSTER_METADATA_SERVICE_H

#include <stdbool.h>

#include "base/str.h"

struct metadata_service {
	const char *cloud; /* "AWS", "Google Cloud" ...; "a cloud" where several use it */
	bool is_spelled;   /* not as people write it: decimal, hex, octal, another name */
	bool asks_credentials;
};

/*
 * command: as a shell would get it, at most 16 KiB are looked at
 * returns: false when it does not name one
 * source:  inet_aton(3) for what is an address; the clouds' own documents for where it is
 */
bool metadata_service_find(struct str command, struct metadata_service *out);

#endif

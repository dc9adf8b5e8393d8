/* An act that touches stored data: read, listed, copied, opened to all, shared out; by its place.
 */
#ifndef DAVY_DETECT_HYBRID_DATA_ACTS_H
#define DAVY_DETECT_HYBRID_DATA_ACTS_H

#include "detect/computing.h"

enum data_kind {
	DATA_READ,   /* an object, a block of a snapshot */
	DATA_LIST,   /* what objects there are */
	DATA_COPY,   /* from here */
	DATA_WRITE,  /* written or deleted: says that such acts are recorded */
	DATA_OPEN,   /* to everybody */
	DATA_SHARE,  /* a snapshot, an image: to another account, or out of the cloud */
	DATA_KEYS,   /* the keys of a store, which open all of it */
	DATA_PLACES, /* what stores there are */
	DATA_NAMES,  /* a store was named: says nothing of its data, but that it is there */
	DATA_KINDS
};

struct data_act {
	enum data_kind kind;
	bool is_recorded_by_choice; /* written only where data events are on */
	bool is_public;		    /* opened or shared to everybody */
	struct str place_kind;	    /* "bucket", "snapshot", "container" ... */
	struct str place, object, whom;
};

/* False: an act that touches no stored data. Views into the record, the scratch or literals. */
bool data_act_read(const struct record_act *act, struct computing_scratch *scratch,
		   struct data_act *out);

#endif

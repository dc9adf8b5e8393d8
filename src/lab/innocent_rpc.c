/* JSON-RPC of other trades, and blockchain software that does not mine. */
#include "lab/story.h"

/* Language Server Protocol 3.17: a header, then JSON-RPC 2.0. */

static void tell_lsp(struct story *s, unsigned side, const char *json)
{
	struct str body = str_from(json);

	buf_printf(&s->message, "Content-Length: %zu\r\n\r\n", body.len);
	for (size_t i = 0; i < body.len; i++)
		buf_add_byte(&s->message, body.at[i] == '\'' ? '"' : body.at[i]);
	struct buf whole = s->message;
	s->message = (struct buf){0};
	if (!whole.failed)
		story_tell_bytes(s, side, buf_view(&whole));
	s->message.failed = whole.failed;
	buf_fini(&whole);
}

static void language_server(struct story *s)
{
	tell_lsp(s, CLIENT,
		 "{'jsonrpc':'2.0','id':1,'method':'initialize','params':{'processId':4242,"
		 "'rootUri':'file:///srv/pool','capabilities':{'workspace':{'applyEdit':true}}}}");
	tell_lsp(s, SERVER,
		 "{'jsonrpc':'2.0','id':1,'result':{'capabilities':{'hoverProvider':true,"
		 "'textDocumentSync':2},'serverInfo':{'name':'clangd','version':'14.0.6'}}}");
	tell_lsp(s, CLIENT, "{'jsonrpc':'2.0','method':'initialized','params':{}}");
	tell_lsp(s, CLIENT,
		 "{'jsonrpc':'2.0','method':'textDocument/didOpen','params':{'textDocument':"
		 "{'uri':'file:///srv/pool/job.c','languageId':'c','version':1,"
		 "'text':'struct job { char *job_id, *blob, *target; };\\n'}}}");
	for (unsigned i = 0; i < 4; i++) {
		story_pass(s, 500, 4000);
		tell_lsp(s, CLIENT,
			 "{'jsonrpc':'2.0','id':2,'method':'textDocument/hover','params':"
			 "{'textDocument':{'uri':'file:///srv/pool/job.c'},"
			 "'position':{'line':0,'character':8}}}");
		tell_lsp(s, SERVER,
			 "{'jsonrpc':'2.0','id':2,'result':{'contents':{'kind':'markdown',"
			 "'value':'struct job: job_id, blob, target'}}}");
	}
}

/* Electrum protocol 1.4: newline-delimited JSON-RPC with block headers and Merkle branches. */
static void electrum(struct story *s)
{
	story_tell_json(s, CLIENT,
			"{'id':0,'method':'server.version','params':['electrum/4.5.5','1.4']}\n");
	story_tell_json(s, SERVER,
			"{'id':0,'jsonrpc':'2.0','result':['ElectrumX 1.16.0','1.4']}\n");
	story_tell_json(s, CLIENT,
			"{'id':1,'method':'blockchain.headers.subscribe','params':[]}\n");
	story_tell_json(s, SERVER,
			"{'id':1,'jsonrpc':'2.0','result':{'height':870123,'hex':'%s'}}\n",
			STORY_HEX(s, 80));
	for (unsigned i = 2; i < 8; i++) {
		story_pass(s, 100, 20000);
		story_tell_json(
			s, CLIENT,
			"{'id':%u,'method':'blockchain.scripthash.subscribe','params':['%s']}\n", i,
			STORY_HEX(s, 32));
		story_tell_json(s, SERVER, "{'id':%u,'jsonrpc':'2.0','result':'%s'}\n", i,
				STORY_HEX(s, 32));
	}
	story_tell_json(
		s, CLIENT,
		"{'id':9,'method':'blockchain.transaction.get_merkle','params':['%s',870120]}\n",
		STORY_HEX(s, 32));
	story_tell_json(s, SERVER,
			"{'id':9,'jsonrpc':'2.0','result':{'block_height':870120,'pos':7,"
			"'merkle':['%s','%s','%s']}}\n",
			STORY_HEX(s, 32), STORY_HEX(s, 32), STORY_HEX(s, 32));
	for (unsigned i = 0; i < 3; i++) {
		story_pass(s, 60000, 900000);
		story_tell_json(s, SERVER,
				"{'jsonrpc':'2.0','method':'blockchain.headers.subscribe','params':"
				"[{'height':%u,'hex':'%s'}]}\n",
				870124 + i, STORY_HEX(s, 80));
	}
}

/* ethereum.org JSON-RPC: a wallet's questions, eth_mining and eth_hashrate among them. */
static void ethereum_node(struct story *s)
{
	static const char *const methods[] = {"eth_blockNumber", "eth_chainId", "eth_mining",
					      "eth_hashrate",	 "net_version", "eth_gasPrice"};

	for (unsigned i = 1; i < 14; i++) {
		story_pass(s, 50, 12000);
		if (i % 3 == 0) {
			story_post(s, "/v3/rpc",
				   "{'jsonrpc':'2.0','id':%u,'method':'eth_call','params':"
				   "[{'to':'0x%s','data':'0x70a08231%024d%s'},'latest']}",
				   i, STORY_HEX(s, 20), 0, STORY_HEX(s, 20));
			story_answer(s, "{'jsonrpc':'2.0','id':%u,'result':'0x%s'}", i,
				     STORY_HEX(s, 32));
		} else {
			story_post(s, "/v3/rpc",
				   "{'jsonrpc':'2.0','id':%u,'method':'%s','params':[]}", i,
				   methods[lab_random_below(&s->random, 6)]);
			story_answer(s, "{'jsonrpc':'2.0','id':%u,'result':'0x%s'}", i,
				     STORY_HEX(s, 3));
		}
	}
}

/* bitcoind's RPC as a shop uses it; getmininginfo asks how the network mines. */
static void bitcoin_node(struct story *s)
{
	static const char *const methods[] = {"getblockchaininfo", "getbalance", "getmininginfo",
					      "getnetworkinfo",	   "getinfo",	 "uptime"};

	for (unsigned i = 1; i < 12; i++) {
		story_pass(s, 50, 30000);
		const char *method = methods[lab_random_below(&s->random, 6)];
		story_post(s, "/", "{'jsonrpc':'1.0','id':'shop-%u','method':'%s','params':[]}", i,
			   method);
		story_answer(s,
			     "{'result':{'chain':'main','blocks':870123,'bestblockhash':'%s',"
			     "'difficulty':101646843652785.1,'networkhashps':7.2e+20},"
			     "'error':null,'id':'shop-%u'}",
			     STORY_HEX(s, 32), i);
	}
	story_post(s, "/",
		   "{'jsonrpc':'1.0','id':'shop-99','method':'validateaddress',"
		   "'params':['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa']}");
	story_answer(s, "{'result':{'isvalid':true,'address':"
			"'1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'},'error':null,'id':'shop-99'}");
}

/* A build server whose protocol happens to say login, job, submit and keepalived. */
static void ci_server(struct story *s)
{
	story_tell_json(s, CLIENT,
			"{'id':1,'jsonrpc':'2.0','method':'login','params':{'login':'ci-runner-7',"
			"'pass':'x','agent':'runner/15.2.0'}}\n");
	story_tell_json(
		s, SERVER,
		"{'id':1,'jsonrpc':'2.0','error':null,'result':{'id':'%s','status':'OK'}}\n",
		STORY_HEX(s, 8));
	for (unsigned i = 2; i < 8; i++) {
		story_pass(s, 2000, 60000);
		story_tell_json(
			s, SERVER,
			"{'jsonrpc':'2.0','method':'job','params':{'job_id':'%u','target':"
			"'linux-amd64','commit':'%s','steps':['configure','build','test']}}\n",
			4000 + i, STORY_HEX(s, 20));
		story_pass(s, 2000, 90000);
		story_tell_json(
			s, CLIENT,
			"{'id':%u,'jsonrpc':'2.0','method':'submit','params':{'job':{'job_id':"
			"'%u','result':'passed','artifact':'%s'}}}\n",
			i, 4000 + i, STORY_HEX(s, 32));
		story_tell_json(s, SERVER,
				"{'id':%u,'jsonrpc':'2.0','error':null,'result':{'status':'OK'}}\n",
				i);
		story_tell_json(s, CLIENT,
				"{'id':%u,'jsonrpc':'2.0','method':'keepalived','params':{}}\n",
				100 + i);
	}
}

/* A render farm: job_id, target and result, and a hash for the result, in its own words. */
static void job_queue(struct story *s)
{
	for (unsigned i = 1; i < 9; i++) {
		story_pass(s, 1000, 20000);
		story_tell_json(s, CLIENT,
				"{'op':'fetch','worker':'blade-%u','queues':['frames','thumbs']}\n",
				i);
		story_tell_json(s, SERVER,
				"{'job_id':'%s','target':'frame-%04u.exr','blob':'s3://assets/%s',"
				"'height':1080,'algo':'cycles'}\n",
				STORY_HEX(s, 8), 100 + i, STORY_HEX(s, 6));
		story_pass(s, 5000, 50000);
		story_tell_json(
			s, CLIENT,
			"{'op':'done','job_id':'%s','result':'%s','nonce':'%s','took':%u}\n",
			STORY_HEX(s, 8), STORY_HEX(s, 32), STORY_HEX(s, 16),
			lab_random_below(&s->random, 60000));
		story_tell_json(s, SERVER, "{'status':'OK'}\n");
	}
}

static void rest_login(struct story *s)
{
	story_post(s, "/api/login",
		   "{'login':'someone@example.org','pass':'%s','agent':'webapp/2.3'}",
		   STORY_HEX(s, 6));
	story_answer(s, "{'id':'%s','status':'OK'}", STORY_HEX(s, 16));
	for (unsigned i = 0; i < 5; i++) {
		story_pass(s, 1000, 9000);
		story_post(s, "/api/job",
			   "{'method':'submit','params':{'job':'nightly-%u','worker':'w%u'},"
			   "'id':%u}",
			   i, i, i);
		story_answer(s, "{'id':%u,'result':true,'error':null}", i);
	}
}

/* Model Context Protocol over HTTP: JSON-RPC 2.0 with tools named as they like. */
static void mcp(struct story *s)
{
	story_post(
		s, "/mcp",
		"{'jsonrpc':'2.0','id':0,'method':'initialize','params':{'protocolVersion':"
		"'2025-03-26','capabilities':{},'clientInfo':{'name':'editor','version':'1.4'}}}");
	story_answer(s,
		     "{'jsonrpc':'2.0','id':0,'result':{'protocolVersion':'2025-03-26',"
		     "'capabilities':{'tools':{}},'serverInfo':{'name':'jobs','version':'0.9'}}}");
	story_post(s, "/mcp", "{'jsonrpc':'2.0','id':1,'method':'tools/list','params':{}}");
	story_answer(s, "{'jsonrpc':'2.0','id':1,'result':{'tools':[{'name':'submit','description':"
			"'Submit a job and get its job_id','inputSchema':{'type':'object'}},"
			"{'name':'mining.notify','description':'Explain a Stratum message'}]}}");
	for (unsigned i = 2; i < 7; i++) {
		story_pass(s, 800, 15000);
		story_post(s, "/mcp",
			   "{'jsonrpc':'2.0','id':%u,'method':'tools/call','params':{'name':"
			   "'submit','arguments':{'job_id':'%s','target':'prod'}}}",
			   i, STORY_HEX(s, 4));
		story_answer(s,
			     "{'jsonrpc':'2.0','id':%u,'result':{'content':[{'type':'text',"
			     "'text':'accepted'}]}}",
			     i);
	}
}

/* Somebody looks at a pool's web page: all the words, and nobody mines. */
static void pool_statistics(struct story *s)
{
	for (unsigned i = 0; i < 6; i++) {
		story_pass(s, 5000, 30000);
		story_tell(s, CLIENT,
			   "GET /api/miner/stats HTTP/1.1\r\nHost: pool.example.net\r\n"
			   "User-Agent: Mozilla/5.0\r\nAccept: application/json\r\n\r\n");
		story_answer(s,
			     "{'pool':{'hashrate':%u,'miners':412,'height':3284110,'difficulty':"
			     "381000000000},'worker':{'name':'rig01','validShares':%u,"
			     "'invalidShares':1,'lastShare':1795341600}}",
			     100000000 + lab_random_below(&s->random, 9999999),
			     1000 + lab_random_below(&s->random, 999));
	}
}

/* A wallet in a browser: JSON-RPC over WebSocket, framed by the lab's own carrier. */

static void tell_through(struct story *s, struct lab_channel *ends[2], unsigned from,
			 const char *json)
{
	struct buf message = {0};

	for (; *json; json++)
		buf_add_byte(&message, *json == '\'' ? '"' : *json);
	if (message.len > 0)
		lab_channel_send(ends[from], buf_view(&message));
	buf_clear(&message);
	/* Both ends talk until there is nothing more: the upgrade, pings and their answers. */
	for (bool has_more = true; has_more;) {
		has_more = false;
		for (unsigned side = 0; side < 2; side++)
			while (lab_channel_take(ends[side], &message)) {
				story_tell_bytes(s, side, buf_view(&message));
				lab_channel_feed(ends[!side], buf_view(&message));
				buf_clear(&message);
				has_more = true;
			}
	}
	if (message.failed)
		s->message.failed = true;
	buf_fini(&message);
}

static void dapp_websocket(struct story *s)
{
	struct lab_channel *ends[2] = {0};
	struct lab_channel_settings settings = {
		.carrier = {{LAB_LAYER_WEBSOCKET}, 1},
		.seed = s->random.state,
		.host = STR("mainnet.example.org"),
		.port = 8546,
		.path = STR("/ws"),
	};

	for (unsigned side = 0; side < 2; side++) {
		settings.side = (enum lab_side)side;
		if (lab_channel_new(&settings, &ends[side]) != 0)
			s->message.failed = true;
	}
	if (!s->message.failed) {
		lab_channel_connected(ends[CLIENT]);
		tell_through(s, ends, CLIENT, "");
		tell_through(s, ends, CLIENT,
			     "{'id':1,'jsonrpc':'2.0','method':'eth_subscribe','params':"
			     "['newHeads']}");
		tell_through(
			s, ends, SERVER,
			"{'id':1,'jsonrpc':'2.0','result':'0x9ce59a13059e417087c02d3236a0b1cc'}");
	}
	for (unsigned i = 0; i < 6 && !s->message.failed; i++) {
		story_pass(s, 11000, 13000);
		tell_through(
			s, ends, SERVER,
			"{'jsonrpc':'2.0','method':'eth_subscription','params':{'subscription':"
			"'0x9ce59a13059e417087c02d3236a0b1cc','result':{'difficulty':'0x0',"
			"'number':'0x1348c9','mixHash':'0x2f1dc5f84b5b4a1d6b2d0c2b1c6f0f1e"
			"7d3a6a0b4c9d8e7f6a5b4c3d2e1f0a9b','nonce':'0x0000000000000000'}}}");
		tell_through(s, ends, CLIENT,
			     "{'id':2,'jsonrpc':'2.0','method':'eth_call','params':[{'to':"
			     "'0x6b175474e89094c44da98b954eedeac495271d0f','data':'0x18160ddd'},"
			     "'latest']}");
	}
	lab_channel_free(ends[0]);
	lab_channel_free(ends[1]);
}

const struct lab_innocent innocent_language_server = {"language-server", 2087, language_server};
const struct lab_innocent innocent_electrum = {"electrum", 50001, electrum};
const struct lab_innocent innocent_ethereum_node = {"ethereum-node", 8545, ethereum_node};
const struct lab_innocent innocent_bitcoin_node = {"bitcoin-node", 8332, bitcoin_node};
const struct lab_innocent innocent_ci_server = {"ci-server", 9418, ci_server};
const struct lab_innocent innocent_job_queue = {"job-queue", 7419, job_queue};
const struct lab_innocent innocent_rest_login = {"rest-login", 80, rest_login};
const struct lab_innocent innocent_mcp = {"mcp", 8080, mcp};
const struct lab_innocent innocent_dapp_websocket = {"dapp-websocket", 8546, dapp_websocket};
const struct lab_innocent innocent_pool_statistics = {"pool-statistics", 80, pool_statistics};

/**
 * How much a key name says about its value.
 * - `password`: chosen by a person, so low entropy counts too
 * - `secret`: made by a machine
 * - `weak`: may be a secret; its value must look very random
 * - `none`: not a secret
 */
export type NameStrength = "password" | "secret" | "weak" | "none";

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const passwordWords = words("password passwd passphrase passcode pwd userpass userpassword");
const secretWords = words(
  "secret secrets token apikey apitoken apisecret authtoken accesstoken accesskey secretkey " +
    "privatekey clientsecret signingkey encryptionkey bearertoken refreshtoken accountkey authkey " +
    "authorization bearer pat sharedaccesskey sharedaccesssignature masterkey licensekey idtoken",
);
const weakWords = words("credential credentials creds cred auth authentication pass");

/** Last words that turn a secret's name into the name of something about it. */
const aboutWords = words(
  "id ids name names file files filename path paths dir directory folder url uri urls env type " +
    "types kind count counts limit limits length len size max min usage used ttl expiry expires " +
    "expiration expire expired at hash digest fingerprint algorithm alg version format policy " +
    "rotation enabled disabled required optional field fields label prefix suffix regex pattern " +
    "index method methods mode provider manager service server host endpoint scheme status error " +
    "errors budget cost price rate hint reset strategy store arn ref refs reference sock socket " +
    "issuer audience scope scopes class handler header headers param parameter map set list cache " +
    "source template variable var validator generator ring box board word words press pair pairs " +
    "bytes chars date time timestamp year created updated state strength key_id keyid vault " +
    "ring_id realm flow callback redirect middleware required_by percent ratio total per second",
);

/** Words before `key` that make it a secret; any other word makes it weak at most. */
const secretKeyWords = words(
  "api access secret private signing sign encryption encrypt master auth account admin " +
    "app application client consumer deploy storage shared session webhook hmac jwt crypto " +
    "security subscription integration ingest ingestion license licence service write " +
    "functions function connection server rest developer project team user bot live test prod",
);
/** Providers whose keys are called by their name. */
const providerWords = words(
  "adobe airtable algolia alchemy alibaba alphavantage anthropic asana atlassian auth0 aws azure " +
    "binance bitbucket bitly braintree buildkite circleci clearml cloudflare codecov cohere coinbase " +
    "comet confluent datadog dd deepseek digitalocean discord docker doppler dropbox drone elastic " +
    "etherscan facebook fastly finnhub firebase flickr freshbooks gcp gemini giphy github gitlab " +
    "gitter google grafana groq heroku hf hubspot huggingface infura intercom jira kraken kucoin " +
    "launchdarkly linear linkedin linode mailchimp mailgun mapbox maps mattermost messagebird " +
    "mistral mlflow moralis neptune netlify newrelic relic notion npm nuget nvidia nytimes okta " +
    "openai openrouter openweather pagerduty paypal pinecone plaid polygon pypi qdrant rapidapi " +
    "replicate rubygems salesforce segment sendbird sendgrid sentry shopify shodan slack snyk sonar " +
    "spotify square squarespace stripe sumologic supabase telegram tomtom travis trello twilio " +
    "twitch twitter typeform vercel vultr wandb weather weaviate yandex yelp youtube zendesk zoom",
);
const plainKeyWords = words(
  "primary foreign partition sort cache public idempotency index object row map dict group hash " +
    "lookup shortcut hot translation route input result output env artifact unique range search " +
    "order natural surrogate composite clustering shard routing message json yaml dictionary " +
    "column table record document field property state translation i18n event metric tag label " +
    "config configuration config_key param query item entity node edge s3 redis lock dedupe " +
    "dedup correlation trace span pub publishable anon by host gpg known sha sha1 sha256 md5 the a",
);
/** Words before `token` that make it a piece of text or a page mark. */
const plainTokenWords = words(
  "next page continuation sync num max total prompt completion input output cached reasoning eos " +
    "bos pad unk mask special stop sep cls vocab per start end first last cancel cancellation " +
    "cancelation design count pagination cursor prev previous image audio text word sub predicted " +
    "target n min avg mean top new",
);
const compoundEnds = [
  "apikey",
  "apitoken",
  "apisecret",
  "authtoken",
  "accesstoken",
  "accesskey",
  "secretkey",
  "secretaccesskey",
  "privatekey",
  "clientsecret",
  "signingkey",
  "encryptionkey",
  "bearertoken",
  "refreshtoken",
  "accountkey",
  "sharedaccesskey",
];

const cacheMax = 4096;
const cache = new Map<string, NameStrength>();

/** Judge a key name: `AWS_SECRET_ACCESS_KEY`, `apiKey`, `x-api-key`, `spring.datasource.password`. */
export function nameStrength(name: string): NameStrength {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const strength = judgeName(splitName(name));
  // Names are cut to 128 characters by their reader, so this cache is bounded in bytes too.
  if (cache.size >= cacheMax) cache.clear();
  cache.set(ownCopy(name), strength);
  return strength;
}

/** A copy that does not keep the text alive that it was cut from. */
function ownCopy(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}

/** Split a name into lower-case words at punctuation and at humps. */
export function splitName(name: string): string[] {
  return name
    .slice(0, 128)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

function judgeName(parts: readonly string[]): NameStrength {
  let list = parts;
  // API_KEY_PROD, SECRET_KEY_BASE, TOKEN_2: qualifiers behind the noun.
  while (
    list.length > 1 &&
    /^(?:\d+|prod|dev|live|test|staging|old|new|base|value|v\d|raw|plain|main|primary|secondary|string)$/.test(
      list.at(-1) ?? "",
    )
  ) {
    list = list.slice(0, -1);
  }
  const last = list.at(-1) ?? "";
  const before = list.at(-2) ?? "";
  if (aboutWords.has(last)) return "none";
  if (last === "tokens" || last === "keys") {
    return /^(?:api|access|auth|secret|private|refresh|bearer)$/.test(before) ? "secret" : "none";
  }
  if (last === "passwords") return "password";
  if (passwordWords.has(last) || /(?:password|passwd|passphrase)$/.test(last)) return "password";
  if (last === "pass") return list.length === 1 ? "none" : "weak";
  if (last === "token") return plainTokenWords.has(before) ? "none" : "secret";
  if (last === "key") return judgeKey(list);
  if (last === "signature" || last === "sig") return before === "access" ? "secret" : "none";
  if (last === "dsn" || (last === "string" && before === "connection")) return "weak";
  if (last === "pat") return list.length > 1 ? "secret" : "none";
  if (last === "bearer" && list.length > 1) return "none";
  if (secretWords.has(last)) return "secret";
  if (weakWords.has(last)) return "weak";
  const joined = list.join("");
  if (compoundEnds.some((end) => joined.endsWith(end))) return "secret";
  if (last.endsWith("token") || last.endsWith("secret")) return "secret";
  if (last.endsWith("pwd") && last.length > 4) return "password";
  return "none";
}

function judgeKey(list: readonly string[]): NameStrength {
  const before = list.at(-2);
  if (before === undefined || plainKeyWords.has(before)) return "none";
  if (
    secretKeyWords.has(before) ||
    providerWords.has(before) ||
    list.includes("secret") ||
    list.includes("private")
  ) {
    return "secret";
  }
  return "weak";
}

import { createHash } from "node:crypto";
import type { Random } from "./random.ts";

const digest = (algorithm: string, text: string, encoding: "hex" | "base64"): string =>
  createHash(algorithm).update(text).digest(encoding);

/** A PNG, as far as its bytes look like one. */
const picture = (r: Random, length: number): string =>
  Buffer.concat([Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), r.bytes(length)]).toString(
    "base64",
  );

/** A reference as shells write it. */
const variable = (name: string): string => `$${"{"}${name}}`;

/** Lines that look like secrets and are none. Each must pass untouched. */
export function hardNegatives(r: Random): string[] {
  const sha1 = digest("sha1", r.hex(8), "hex");
  const sha256 = digest("sha256", r.hex(8), "hex");
  const sha512 = digest("sha512", r.hex(8), "base64");
  const sha384 = digest("sha384", r.hex(8), "base64");
  const md5 = digest("md5", r.hex(8), "hex");
  const uuid = r.uuid();
  const x = (n: number): string => "x".repeat(n);
  const X = (n: number): string => "X".repeat(n);
  return [
    // Digests and version control.
    `sha256:${sha256}`,
    `"digest":"sha256:${sha256}"`,
    `${sha256}  outputs/model.pt`,
    `md5sum: ${md5}`,
    `commit ${sha1}`,
    `git rev-parse HEAD => ${sha1}`,
    `"git_commit":"${sha1}","branch":"main"`,
    `index ${sha1.slice(0, 7)}..${sha1.slice(8, 15)} 100644`,
    `https://github.com/acme/app/commit/${sha1}`,
    `actions/checkout@${sha1} # v4`,
    `image: registry.acme.dev/app@sha256:${sha256}`,
    `ETag: "${md5}"`,
    `etag: W/"${md5}-gzip"`,
    `artifact_id=sha256:${sha256} seal=sha256:${sha256}`,
    `wandb: run synced, commit ${sha1}`,
    `wandb sync run-20260101_101010-${r.lower(8)} artifact digest ${sha1}`,
    `blake2b-256:${sha256}`,
    `Digest: SHA-256=${digest("sha256", "x", "base64")}`,
    `Content-MD5: ${digest("md5", "x", "base64")}`,
    // Integrity.
    `integrity: sha512-${sha512}`,
    `"integrity": "sha384-${sha384}"`,
    `"resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz#${sha1}",`,
    `    --hash=sha256:${sha256} \\`,
    `golang.org/x/crypto v0.21.0 h1:${digest("sha256", sha1, "base64")}`,
    `checksum = "${sha256}"`,
    `<script src="/a.js" integrity="sha384-${sha384}" crossorigin="anonymous"></script>`,
    // Identifiers.
    `run_id=${uuid}`,
    `"request_id":"${uuid}","trace_id":"${md5}","span_id":"${md5.slice(0, 16)}"`,
    `traceparent: 00-${md5}-${md5.slice(0, 16)}-01`,
    `X-Request-Id: ${uuid}`,
    `x-amzn-trace-id: Root=1-${md5.slice(0, 8)}-${md5.slice(0, 24)}`,
    `Idempotency-Key: ${uuid}`,
    `cache-key: v1-node-${sha256}`,
    `"cache_key": "${sha256}"`,
    `primary_key=${uuid}`,
    `"partition_key":"${sha1}"`,
    `"public_key": "${r.base64(43)}="`,
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${r.base64(43)} me@host`,
    `ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB${r.base64(340)} me@host`,
    `SHA256:${r.base64(43)} me@host (ED25519)`,
    `"next_page_token":"${r.word(40)}"`,
    `"continuation_token": "${r.word(60)}"`,
    `key fingerprint = ${sha1.toUpperCase()}`,
    `GPG key ID: ${sha1.slice(0, 16).toUpperCase()}`,
    `arn:aws:iam::123456789012:role/${r.word(20)}`,
    `arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-${r.word(6)}`,
    `AWS account 123456789012, role AROA${r.upper(17).slice(0, 4)}`,
    `${r.digits(13)} ${r.digits(10)}.${r.digits(6)}`,
    // Binary data.
    `data:image/png;base64,${picture(r, 900)}`,
    `"image": "${picture(r, 3000)}"`,
    `"thumbnail":"${r.bytes(600).toString("base64")}"`,
    `"embedding_b64": "${r.bytes(2048).toString("base64")}"`,
    `eval ${Buffer.from("The quick brown fox jumps over the lazy dog, twice.").toString("base64")}`,
    `-----BEGIN CERTIFICATE-----\n${r.base64(64)}\n${r.base64(64)}\n-----END CERTIFICATE-----`,
    `-----BEGIN PUBLIC KEY-----\n${r.base64(64)}\n-----END PUBLIC KEY-----`,
    // Documentation.
    "API_KEY=YOUR_API_KEY",
    'api_key: "<your-api-key>"',
    "Authorization: Bearer <token>",
    "Authorization: Bearer YOUR_TOKEN_GOES_HERE",
    "curl -H 'Authorization: Bearer $TOKEN' https://api.acme.dev",
    `password: ${variable("DB_PASSWORD")}`,
    "password: {{ vault_password }}",
    'token = os.environ["API_TOKEN"]',
    "const token = process.env.GITHUB_TOKEN;",
    'api_key = config.get("openai_api_key")',
    "secret_key = get_secret(name, version=2)",
    "password = getpass.getpass()",
    "token: str = Field(default=None)",
    `export GITHUB_TOKEN=${["gh", "p_"].join("")}${x(36)}`,
    `OPENAI_API_KEY=${["s", "k-"].join("")}${x(40)}`,
    `OPENAI_API_KEY=${["s", "k-"].join("")}...`,
    `aws_access_key_id = ${["AK", "IA"].join("")}IOSFODNN7EXAMPLE`,
    `aws_secret_access_key = ${["wJalrXUtnFEMI/K7MDENG", "bPxRfiCYEXAMPLEKEY"].join("/")}`,
    `AWS_ACCESS_KEY_ID=${["AK", "IA"].join("")}${X(16)}`,
    `${["xo", "xb-"].join("")}your-token-here`,
    `stripe.api_key = "${["sk", "_test_"].join("")}your_key_here"`,
    `"password": "********"`,
    `"password": "changeme"`,
    "password=secret",
    "postgres://user:password@localhost:5432/db",
    "postgres://postgres:postgres@db/app",
    "redis://:password@redis:6379/0",
    "https://user:pass@example.com/",
    "mysql://root:root@127.0.0.1/test",
    `https://${variable("USER")}:${variable("TOKEN")}@github.com/acme/app.git`,
    "https://<token>@github.com/acme/app.git",
    `Authorization: Basic ${Buffer.from("user:password").toString("base64")}`,
    `Authorization: Basic ${Buffer.from(["Aladdin", "open sesame"].join(":")).toString("base64")}`,
    `jwt: ${["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ", "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"].join(".")}`,
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "A PEM file starts with -----BEGIN RSA PRIVATE KEY----- and goes on with lines of base64, see there.",
    "Set the secret in Settings > Secrets and refer to it as secrets.DEPLOY_KEY in the workflow.",
    `token: ${variable("{ secrets.GITHUB_TOKEN }")}`,
    `${["sk", "_test_"].join("")}4eC39HqLyjWDarjtT1zdp7dc`,
    `${["gh", "o_"].join("")}16C7e42F292c6912E7710c838347Ae178B4a`,
    `https://hooks.slack.com/services/T00000000/B00000000/${X(24)}`,
    `AZURE_LOCK integrity sha512-${sha512}`,
    `sid AC${md5} created`,
    "password: Incorrect or missing",
    '"password": "The password field is required."',
    "privateKey: RsaPrivateKey;",
    "token = SyntaxKind.GreaterThanGreaterThanEqualsToken;",
    "connect(user, password=password, key_password=key_password)",
    "if passphrase == passphrase2: return",
    // Words and numbers.
    '"prompt_tokens":1234567,"completion_tokens":89,"max_tokens":4096',
    '"tokenizer":"cl100k_base","token_type":"bearer","expires_in":3600',
    "authors: Jane Roe, John Poe; author_id=12345678901234",
    'keyboard: "qwerty-us-international"',
    "token_id=50256 eos_token=<|endoftext|> pad_token=[PAD]",
    "PasswordAuthentication no",
    "password must be at least 12 characters with one digit (0-9)",
    "the secret of success is 10000 hours of practice",
    "authentication_method=client_secret_basic",
    "key=value; key2=value2",
    "secret_name=prod/database/credentials-v2",
    "private_key_path=/etc/ssl/private/server.key",
    "SSH_AUTH_SOCK=/tmp/ssh-XXXXabcd1234/agent.4711",
    "loss=0.4821307719230769 lr=0.0003 tokens_per_second=18234.77",
    "--tokenizer-path /models/llama-2-7b/tokenizer.model --max-tokens 4096",
    "https://acme.dev/path:8080/@scope/package@1.2.3",
    "npm warn deprecated npm_config_something_very_long_name_that_is_a_setting",
    "sk-loading-spinner-container-large-variant-two",
    "task-ant-colony-optimisation-benchmark-2026-results",
    "user@host:/srv/data/2026-01-01T00:00:00Z/checkpoint-00012000.safetensors",
    "com.acme.security.token.TokenProviderFactoryBeanConfiguration2Impl",
  ];
}

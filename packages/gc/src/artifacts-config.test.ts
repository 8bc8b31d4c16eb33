// S4-004…S4-039: the configuration and its defaults; S4-100…S4-104: the folders of the families.
import { expect, test } from "vitest";
import { defaultArtifactsConfig, parseArtifactsConfig } from "./artifacts-config.ts";

test("S4-005…S4-015 the five families, with their patterns, numbers and descriptions", () => {
  const { families } = defaultArtifactsConfig();

  expect(families.map(({ name, policy }) => [name, policy.keep])).toEqual([
    ["proofs", 10],
    ["bench", 10],
    ["smoke90", 8],
    ["explain", 12],
    ["greenwall", 12],
  ]);
  expect(families[1]?.patterns).toEqual([
    "**/bench/*.jsonl",
    "**/bench/*.md",
    "**/bench/p99_*.json",
  ]);
  for (const { sources, contains } of families)
    expect([sources, contains]).not.toContain(undefined);
});

test("S4-027…S4-038 the numbers of the defaults", () => {
  expect(defaultArtifactsConfig()).toMatchObject({
    parallelWorkers: 8,
    checksumBufferBytes: 128 * 1024,
    maxFilesPerScan: 50_000,
    scanIntervalHours: 6,
    trashRetentionDays: 30,
    jsonl: { enabled: true, minSizeKb: 100, dictThreshold: 5 },
    markdown: { minSizeKb: 50, removeEmptySections: true, canonicalHeaders: true },
  });
});

test("S4-017…S4-020, S4-027…S4-038 what the original's manual prints is read as it stands", async () => {
  const all = await parseArtifactsConfig(
    `# Retention policies
retention:
  proofs:   {keep: 10, pin: []}
  bench:    {keep: 10, pin: []}  
  smoke90:  {keep: 8,  pin: []}
  explain:  {keep: 12, pin: []}
  greenwall:{keep: 12, pin: []}

# Safety rules - always kept regardless of retention count
gc:
  always_keep:
    - "last_pass"    # Most recent PASS for each family
    - "pinned"       # Manually pinned artifacts  
    - "last_run"     # Most recent run (pass or fail)

compaction:
  jsonl:
    enabled: true
    min_size_kb: 100           # Only compact files >100KB
    dict_threshold: 5          # Dictionary compression threshold
    
  markdown:
    enabled: true
    min_size_kb: 50           # Only compact files >50KB
    remove_empty_sections: true
    canonical_headers: true

indexing:
  parallel_workers: 8         # Scanner parallelism
  checksum_buffer_size_kb: 128 # Checksum computation buffer
  max_files_per_scan: 50000   # Safety limit for large repos
`,
    "config/artifacts.yaml",
  );

  expect(all).toEqual({
    ...defaultArtifactsConfig(),
    source: "config/artifacts.yaml",
    families: defaultArtifactsConfig().families.map((family) => ({
      ...family,
      policy: { ...family.policy, pin: [] },
    })),
  });
});

test("S4-025 a policy of one's own; a family that is not named keeps everything", async () => {
  const { families } = await parseArtifactsConfig(
    'retention:\n  proofs: {keep: 15, pin: ["a1b2c3d4"]}\n  bench: {keep: 5}\n',
    "artifacts.yaml",
  );

  expect(families.map(({ name, policy }) => [name, policy])).toEqual([
    ["proofs", { keep: 15, pin: ["a1b2c3d4"] }],
    ["bench", { keep: 5 }],
    ["smoke90", {}],
    ["explain", {}],
    ["greenwall", {}],
  ]);
});

test("S4-004 a family of one's own stands where the file has it", async () => {
  const { families } = await parseArtifactsConfig(
    'patterns: {mine: ["**/mine/*.json"]}\nfamilies: {mine: {title: Mine}}\n',
    "artifacts.yaml",
  );

  expect(families[0]).toMatchObject({ name: "mine", title: "Mine", policy: {} });
  expect(families).toHaveLength(6);
});

test.each([
  ["retention: {proofs: {keep: -1}}", "/retention/proofs/keep"],
  ["retention: {proofs: {keep: '10'}}", "/retention/proofs/keep"],
  ["retention: {proofs: {kepe: 10}}", "/retention/proofs"],
  ["retension: {}", "retension"],
  ["retention: {nothing: {keep: 1}}", "without patterns"],
  ["families: {nothing: {title: x}}", "is no family"],
  ["gc: {dry_run_default: false}", "/gc/dry_run_default"],
  ["retention: [", "not valid YAML"],
])("S4-039 %s is refused, and the place named", async (text, place) => {
  await expect(parseArtifactsConfig(text, "artifacts.yaml")).rejects.toThrow(
    expect.objectContaining({
      code: "GC_CONFIG_INVALID",
      exitCode: 2,
      message: expect.stringContaining(place),
    }),
  );
});

test("S4-039 all mistakes are told at once, each with its line and what to do", async () => {
  const text = [
    "retention:",
    "  proofs: {kepe: 10}",
    "  bench:",
    "    keep: '5'",
    "indexing: {parallel_worker: 2}",
    "",
  ].join("\n");
  const later =
    "retention: {bensh: {keep: 1}}\nfamilies: {nothing: {title: x}}\ngc: {always_keep: []}";

  await expect(parseArtifactsConfig(text, "config/artifacts.yaml")).rejects.toMatchObject({
    message: expect.stringMatching(
      /^config\/artifacts\.yaml has 3 mistakes:\n {2}line 2: \/retention\/proofs\/kepe .*\n {2}line 4: \/retention\/bench\/keep .*\n {2}line 5: \/indexing\/parallel_worker .*$/,
    ),
    hint: "Line 2: Did you mean keep? Line 5: Did you mean parallel_workers?",
    details: { findings: [{ line: 2 }, { line: 4 }, { line: 5 }] },
  });
  await expect(parseArtifactsConfig(later, "a.yaml")).rejects.toMatchObject({
    code: "GC_CONFIG_INVALID",
    details: {
      findings: [
        { line: 3, pointer: "/gc/always_keep" },
        { line: 1, pointer: "/retention/bensh", hint: expect.stringContaining("bench?") },
        { line: 2, pointer: "/families/nothing", hint: expect.stringContaining("under patterns") },
      ],
    },
  });
});

test("S4-019…S4-024, S4-151 a hard rule cannot be left out, another can be added", async () => {
  const without = parseArtifactsConfig("gc: {always_keep: [last_pass, pinned]}", "a.yaml");
  await expect(without).rejects.toThrow(
    expect.objectContaining({
      code: "GC_RULE_REQUIRED",
      message: expect.stringMatching(/last_run/),
    }),
  );

  const more = "gc: {always_keep: [last_pass, pinned, last_run, 'tag:paper']}";
  expect((await parseArtifactsConfig(more, "a.yaml")).alwaysKeepTags).toEqual(["paper"]);
});

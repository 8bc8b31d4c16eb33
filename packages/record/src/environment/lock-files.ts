import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * List the lock files in the top folder of a workspace, sorted; names are relative to it.
 *
 * Requirement lists and conda environment files count: in many projects they are all there is.
 *
 * @example
 * findLockFiles("/home/me/project"); // ["package-lock.json", "uv.lock"]
 */
export function findLockFiles(workspace: string): readonly string[] {
  return readdirSync(workspace)
    .filter((name) => exactNames.has(name) || patterns.some((pattern) => pattern.test(name)))
    .filter((name) => statSync(join(workspace, name), { throwIfNoEntry: false })?.isFile())
    .sort();
}

const exactNames = new Set(
  (
    "uv.lock poetry.lock pdm.lock Pipfile.lock pixi.lock conda-lock.yml conda-lock.yaml " +
    "environment.yml environment.yaml package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock " +
    "bun.lock bun.lockb deno.lock renv.lock packrat.lock Cargo.lock go.sum go.work.sum Manifest.toml " +
    "JuliaManifest.toml Gemfile.lock composer.lock flake.lock spack.lock packages.lock.json " +
    "gradle.lockfile Package.resolved"
  ).split(" "),
);

const patterns = [
  /^(requirements|constraints)[\w.-]*\.txt$/,
  /^[\w.-]+-requirements\.txt$/,
  /^pylock(\.[\w-]+)?\.toml$/,
  /^[\w.-]*conda-lock\.ya?ml$/,
  /^conda-[\w.-]+\.lock$/,
  /^Manifest-v\d+\.\d+\.toml$/,
];

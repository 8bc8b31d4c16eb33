import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { binary, capture, makeTree, outputOf, writeTree } from "./machine.ts";

const cleanups: (() => void)[] = [];
afterAll(() => {
  for (const cleanup of cleanups) cleanup();
});

/** A PEP 517 backend in the tree itself, so that pip needs no index and no setuptools. */
const backend = String.raw`
import os, zipfile
def make(folder, editable):
    name = "tiny_model-0.3.1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        body = {"tiny_model.pth": os.getcwd()} if editable else {"tiny_model.py": "value = 1\n"}
        body["tiny_model-0.3.1.dist-info/METADATA"] = "Metadata-Version: 2.1\nName: Tiny.Model\nVersion: 0.3.1\n"
        body["tiny_model-0.3.1.dist-info/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        body["tiny_model-0.3.1.dist-info/RECORD"] = ""
        for path, text in body.items():
            wheel.writestr(zipfile.ZipInfo(path), text)
    return name
def build_wheel(folder, config_settings=None, metadata_directory=None): return make(folder, False)
def build_editable(folder, config_settings=None, metadata_directory=None): return make(folder, True)
`;

describe("a real virtual environment", () => {
  let root = "";
  const pip = (...args: string[]): void => {
    execFileSync(
      join(root, ".venv/bin/python"),
      ["-m", "pip", "install", "-q", "--no-index", ...args],
      {
        env: { PATH: process.env.PATH ?? "", HOME: root, PIP_CONFIG_FILE: "/dev/null" },
        stdio: "pipe",
      },
    );
  };

  beforeAll(() => {
    root = makeTree(
      {
        "train.py": "print(1)\n",
        "package/pyproject.toml":
          '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "package/backend.py": backend,
      },
      (cleanup) => cleanups.push(cleanup as () => void),
    );
    execFileSync("python3", ["-m", "venv", join(root, ".venv")], { stdio: "pipe" });
  }, 120_000);

  test("test_environment_snapshot_accuracy", async () => {
    pip("./package".replace(".", root));
    const python = join(root, ".venv/bin/python");
    const env = { PATH: `${join(root, ".venv/bin")}:/usr/bin:/bin`, HOME: root };

    const { environment, warnings } = await capture({
      cwd: root,
      env,
      argv: ["python", "train.py"],
    });

    const { runtime, packages, os } = environment.comparable;
    const told = JSON.parse(
      outputOf(
        python,
        "-c",
        "import json, platform, sys; print(json.dumps([platform.python_version(), sys.implementation.name, platform.libc_ver()[1]]))",
      ),
    ) as string[];
    const listed = JSON.parse(outputOf(python, "-m", "pip", "list", "--format=json")) as {
      name: string;
      version: string;
    }[];
    const installed = listed.map(({ name, version }) => {
      const normal = name.toLowerCase().replace(/[-_.]+/g, "-");
      return [normal, normal === "tiny-model" ? `${version} (local)` : version];
    });
    expect(runtime).toEqual({ name: "python", version: told[0], implementation: told[1] });
    expect(packages).toEqual({ ...Object.fromEntries(installed), "libc:glibc": told[2] });
    expect(packages["tiny-model"]).toBe("0.3.1 (local)");
    expect(environment.python_version).toBe(told[0]);
    expect(environment.hostname).toBe(outputOf("uname", "-n"));
    expect(environment.cpu_count).toBe(Number(outputOf("nproc")));
    expect(environment.tools).toEqual({ reseal: "1.2.3" });
    expect(os.arch).toBe(process.arch);
    expect(outputOf("cat", "/etc/os-release")).toContain(os.version);
    expect(warnings).toEqual([]);
  });

  test("an editable install, an archive and a checkout say so, without their folders", async () => {
    const wheel = join(root, "wheels");
    mkdirSync(wheel, { recursive: true });
    execFileSync(
      "python3",
      [
        "-c",
        `import sys; sys.path.insert(0, "."); import backend; backend.build_wheel(${JSON.stringify(wheel)})`,
      ],
      { cwd: join(root, "package") },
    );
    const run = async (): Promise<string | undefined> =>
      (await capture({ cwd: root, argv: [".venv/bin/python", "train.py"] })).environment.comparable
        .packages["tiny-model"];

    pip("--force-reinstall", join(wheel, "tiny_model-0.3.1-py3-none-any.whl"));
    const archive = await run();
    pip("--force-reinstall", "-e", join(root, "package"));
    const editable = await run();
    for (const args of [
      ["init", "-q"],
      ["add", "-A"],
      ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ]) {
      execFileSync("git", args, { cwd: join(root, "package") });
    }
    pip("--force-reinstall", `git+file://${join(root, "package")}`);
    const checkout = await run();

    const digest = outputOf("sha256sum", join(wheel, "tiny_model-0.3.1-py3-none-any.whl")).slice(
      0,
      64,
    );
    const [, pipVersion = ""] = outputOf(
      join(root, ".venv/bin/python"),
      "-m",
      "pip",
      "--version",
    ).split(" ");
    const commit = outputOf("git", "-C", join(root, "package"), "rev-parse", "HEAD");
    // Before pip 23.1 the digest of a local file is not written down.
    const [major = 0, minor = 0] = pipVersion.split(".").map(Number);
    const isWritten = major > 23 || (major === 23 && minor >= 1);
    expect(archive).toBe(isWritten ? `0.3.1 (sha256 ${digest})` : "0.3.1 (archive)");
    expect(editable).toBe("0.3.1 (editable)");
    expect(checkout).toBe(`0.3.1 (git ${commit})`);
  }, 120_000);

  test("console scripts, uv run, env, srun and bash -c lead to the same environment", async () => {
    writeTree(root, { "bin/srun": "#!/bin/sh\n", "pyproject.toml": "" });
    const env = { PATH: `${join(root, "bin")}:/usr/bin:/bin`, HOME: root };
    const python = join(root, ".venv/bin/python");
    const lines: string[][] = [
      [python, "train.py"],
      [join(root, ".venv/bin/pip"), "--version"],
      ["uv", "run", "--frozen", "train.py"],
      ["uv", "run", "-p", "3.11", "-m", "train"],
      ["poetry", "run", "python", "train.py"],
      ["env", `PATH=${join(root, ".venv/bin")}`, "python", "train.py"],
      ["srun", "-n", "4", "--job-name", "test", python, "train.py"],
      ["timeout", "10", "nice", "-n", "5", python, "-u", "train.py"],
      ["bash", "-lc", `exec ${python} train.py`],
    ];

    const keys = await Promise.all(
      lines.map(async (argv) => (await capture({ cwd: root, env, argv })).key),
    );

    expect(new Set(keys).size).toBe(1);
  });
});

test("the same environment in two folders has one key, and no path is in it", async () => {
  const build = (): string => {
    const root = makeTree({ "train.py": "" });
    execFileSync("python3", ["-m", "venv", "--without-pip", join(root, ".venv")], {
      stdio: "pipe",
    });
    const [site] = readdirSync(join(root, ".venv/lib"));
    writeTree(join(root, ".venv/lib", site ?? "", "site-packages"), {
      "numpy-1.26.4.dist-info/METADATA": "Name: numpy\nVersion: 1.26.4\n",
      "mine-0.1.dist-info/direct_url.json": JSON.stringify({
        url: `file://${root}`,
        dir_info: { editable: true },
      }),
    });
    return root;
  };
  const folders = [build(), build()];

  const [a, b] = await Promise.all(
    folders.map((cwd) => capture({ cwd, argv: [".venv/bin/python", "train.py"] })),
  );

  expect(a?.key).toBe(b?.key);
  expect(a?.environment.comparable.packages).toMatchObject({
    mine: "0.1 (editable)",
    numpy: "1.26.4",
  });
  expect(JSON.stringify(a?.environment.comparable)).not.toContain(folders[0]);
});

test("commits and remotes of direct_url.json are kept, credentials are not", async () => {
  const root = makeTree({
    "env/bin/python": `${binary}`,
    "env/pyvenv.cfg":
      "home = /nowhere/bin\nversion_info = 3.12.1.final.0\nimplementation = CPython\nuv = 0.5.4\n",
    "env/lib/python3.12/site-packages/Flax_Tools-2.0.dist-info/direct_url.json": JSON.stringify({
      url: "https://user:ghp_secret@github.com/x/flax?token=abc",
      vcs_info: { vcs: "git", commit_id: "c0ffee", requested_revision: "main" },
    }),
    "env/lib/python3.12/site-packages/odd.name-1.0-rc1.dist-info/METADATA":
      "Metadata-Version: 2.1\nName: Odd.Name_X\nVersion: 1.0rc1\n",
    "env/lib/python3.12/site-packages/old_style-4.5-py3.12.egg-info": "Name: old-style\n",
    "env/lib/python3.12/site-packages/~umpy-1.0.dist-info/METADATA": "Name: numpy\nVersion: 1.0\n",
    "env/lib/python3.12/site-packages/broken-1.0.dist-info/direct_url.json": "{not json",
    "env/lib/python3.12/site-packages/twice-1.0.dist-info/METADATA": "",
    "env/lib/python3.12/site-packages/twice-2.0.dist-info/METADATA": "",
  });

  const { environment, warnings } = await capture({ cwd: root, argv: ["env/bin/python", "x.py"] });

  const { packages, runtime } = environment.comparable;
  expect(runtime).toEqual({ name: "python", version: "3.12.1", implementation: "cpython" });
  expect(packages).toMatchObject({
    "flax-tools": "2.0 (git https://github.com/x/flax@c0ffee)",
    "odd-name-x": "1.0rc1",
    "old-style": "4.5",
    broken: "1.0",
    twice: "1.0 2.0",
  });
  expect(packages).not.toHaveProperty("numpy");
  expect(JSON.stringify(environment)).not.toContain("ghp_secret");
  expect(environment.tools).toMatchObject({ uv: "0.5.4" });
  expect(warnings.map(({ code }) => code).sort()).toEqual([
    "ENVIRONMENT_FILE_INVALID",
    "ENVIRONMENT_PACKAGE_DUPLICATE",
  ]);
});

test("a conda environment gives versions and builds from the names of its records", async () => {
  const root = makeTree({
    "mamba/envs/lab/bin/python3.11": binary,
    "mamba/envs/lab/conda-meta/python-3.11.9-h955ad1f_0.json": "{",
    "mamba/envs/lab/conda-meta/libblas-3.9.0-20_linux64_mkl.json": "{",
    "mamba/envs/lab/conda-meta/history": "",
    "mamba/envs/lab/lib/python3.11/site-packages/numpy-1.26.4.dist-info/METADATA": "",
    "mamba/bin/conda": "#!/bin/sh\n",
  });
  symlinkSync("python3.11", join(root, "mamba/envs/lab/bin/python"));
  const env = { PATH: `${root}/mamba/bin:/usr/bin:/bin`, CONDA_EXE: `${root}/mamba/bin/conda` };
  const lines = [
    [join(root, "mamba/envs/lab/bin/python"), "x.py"],
    ["conda", "run", "-n", "lab", "--no-capture-output", "python", "x.py"],
    ["conda", "run", "-p", "mamba/envs/lab", "python", "x.py"],
  ];

  const all = await Promise.all(lines.map((argv) => capture({ cwd: root, env, argv })));

  expect(all[0]?.environment.comparable.runtime).toMatchObject({
    name: "python",
    version: "3.11.9",
  });
  expect(all[0]?.environment.comparable.packages).toMatchObject({
    numpy: "1.26.4",
    "conda:python": "3.11.9=h955ad1f_0",
    "conda:libblas": "3.9.0=20_linux64_mkl",
  });
  expect(new Set(all.map(({ key }) => key)).size).toBe(1);
});

test("pixi run finds the environment of the workspace, also for a task", async () => {
  const root = makeTree({
    ".pixi/envs/default/bin/python3.12": binary,
    ".pixi/envs/default/conda-meta/python-3.12.3-hab00c5b_0_cpython.json": "{}",
    ".pixi/envs/cuda/bin/python3.12": binary,
    ".pixi/envs/cuda/conda-meta/python-3.12.4-hab00c5b_0_cpython.json": "{}",
    "sub/x.py": "",
  });
  for (const name of ["default", "cuda"]) {
    symlinkSync("python3.12", join(root, `.pixi/envs/${name}/bin/python`));
  }
  const versions = async (...argv: string[]): Promise<string> =>
    (await capture({ cwd: join(root, "sub"), argv, env: { PATH: "/usr/bin:/bin" } })).environment
      .comparable.runtime.version;

  expect(await versions("pixi", "run", "python", "x.py")).toBe("3.12.3");
  expect(await versions("pixi", "run", "train")).toBe("3.12.3");
  expect(await versions("pixi", "run", "-e", "cuda", "python", "x.py")).toBe("3.12.4");
});

test("a pyenv shim is resolved by its version files, in pyenv's order", async () => {
  const root = makeTree({
    "pyenv/version": "3.10.1\n",
    "pyenv/versions/3.10.1/bin/python": binary,
    "pyenv/versions/3.11.2/bin/python": binary,
    "pyenv/versions/3.11.10/bin/python": binary,
    "project/.python-version": "# ours\n3.11\n",
    "project/sub/x.py": "",
  });
  const shim = `#!/usr/bin/env bash\nset -e\nprogram="\${0##*/}"\nexport PYENV_ROOT="${root}/pyenv"\nexec "${root}/pyenv/libexec/pyenv" exec "$program" "$@"\n`;
  writeTree(root, { "pyenv/shims/python": shim });
  const env = { PATH: `${root}/pyenv/shims:/usr/bin:/bin` };
  const version = async (cwd: string, more = {}): Promise<string> =>
    (await capture({ cwd, argv: ["python", "x.py"], env: { ...env, ...more } })).environment
      .comparable.runtime.version;

  expect(await version(root)).toBe("3.10.1");
  expect(await version(join(root, "project/sub"))).toBe("3.11.10");
  expect(await version(join(root, "project"), { PYENV_VERSION: "3.11.2" })).toBe("3.11.2");
});

test("an asdf shim is resolved by the nearest .tool-versions", async () => {
  const root = makeTree({
    "asdf/shims/python":
      '#!/usr/bin/env bash\n# asdf-plugin: python 3.12.5\nexec asdf exec "python" "$@"\n',
    "asdf/installs/python/3.12.5/bin/python": binary,
    "asdf/installs/python/3.9.9/bin/python": binary,
    ".tool-versions": "nodejs 20.1.0\npython 3.9.9\n",
  });

  const { environment } = await capture({
    cwd: root,
    argv: ["python", "x.py"],
    env: { PATH: `${root}/asdf/shims:/usr/bin:/bin` },
  });

  expect(environment.comparable.runtime.version).toBe("3.9.9");
});

test("poetry run finds the environment that Poetry keeps in its cache", async () => {
  const root = makeTree({ "project/pyproject.toml": '[tool.poetry]\nname = "My Model"\n' });
  // Poetry's own rule: URL-safe Base64 of the SHA-256 of the folder, eight characters.
  const hash = createHash("sha256").update(join(root, "project")).digest("base64url").slice(0, 8);
  writeTree(join(root, `.cache/pypoetry/virtualenvs/my_model-${hash}-py3.10`), {
    "bin/python": binary,
    "pyvenv.cfg": "home = /nowhere\nversion_info = 3.10.6\n",
  });

  const { environment } = await capture({
    cwd: join(root, "project"),
    argv: ["poetry", "run", "python", "x.py"],
    env: { HOME: root, PATH: "/usr/bin:/bin" },
  });

  expect(environment.comparable.runtime.version).toBe("3.10.6");
});

test("packages that uv run adds for one start are said to be missing from the list", async () => {
  const root = makeTree({
    ".venv/bin/python": binary,
    ".venv/pyvenv.cfg": "home = /nowhere\nversion_info = 3.10.6\n",
  });

  const { warnings } = await capture({ cwd: root, argv: ["uv", "run", "--with", "rich", "x.py"] });

  expect(warnings.map(({ code }) => code)).toEqual(["ENVIRONMENT_PACKAGES_INCOMPLETE"]);
});

test("system interpreters of this machine are told with their full version", async () => {
  const found = ["/usr/bin/python3", "/usr/local/bin/python3"].filter((path) => existsSync(path));

  const told = await Promise.all(
    found.map((path) => capture({ cwd: "/", argv: [path, "-I", "x.py"] })),
  );

  for (const [index, { environment }] of told.entries()) {
    const said = outputOf(
      found[index] ?? "",
      "-c",
      "import platform; print(platform.python_version())",
    );
    expect(environment.comparable.runtime.version).toBe(said);
  }
});

test("an environment that the launcher has yet to make is unknown, not guessed", async () => {
  const root = makeTree({
    "pyproject.toml": "[project]\nname = 'x'\n",
    "inline.py": "# /// script\n# dependencies = ['numpy']\n# ///\n",
  });

  for (const argv of [
    ["uv", "run", "python", "x.py"],
    ["uv", "run", "inline.py"],
    ["uvx", "ruff"],
    ["no-such-program-here"],
    [],
  ]) {
    const { environment, warnings } = await capture({ cwd: root, argv });

    expect(environment.comparable.runtime.version).toBe("unknown");
    expect(warnings.map(({ code }) => code)).toEqual(["ENVIRONMENT_RUNTIME_UNKNOWN"]);
  }
});

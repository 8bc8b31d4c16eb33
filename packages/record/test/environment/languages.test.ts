import { join } from "node:path";
import { expect, test } from "vitest";
import { binary, capture, makeTree } from "./machine.ts";

test("R tells its version by its base package, and renv.lock the packages", async () => {
  const root = makeTree({
    "R/bin/Rscript": binary,
    "R/lib/R/library/base/DESCRIPTION": "Package: base\nVersion: 4.3.2\nPriority: base\n",
    "project/renv.lock": JSON.stringify({
      R: { Version: "4.3.2" },
      Packages: {
        dplyr: { Package: "dplyr", Version: "1.1.4", Source: "Repository", RemoteSha: "1.1.4" },
        mine: {
          Package: "mine",
          Version: "0.1",
          Source: "GitHub",
          RemoteHost: "api.github.com",
          RemoteUsername: "lab",
          RemoteRepo: "mine",
          RemoteSha: "0123456789abcdef0123456789abcdef01234567",
        },
      },
    }),
    "project/R/fit.R": "",
  });

  const { environment } = await capture({
    cwd: join(root, "project/R"),
    argv: ["Rscript", "fit.R"],
    env: { PATH: join(root, "R/bin") },
  });

  expect(environment.comparable.runtime).toEqual({ name: "R", version: "4.3.2" });
  expect(environment.comparable.packages).toMatchObject({
    dplyr: "1.1.4",
    mine: "0.1 (git https://github.com/lab/mine@0123456789abcdef0123456789abcdef01234567)",
  });
});

test("without renv the libraries of R are read, the first on the search path wins", async () => {
  const root = makeTree({
    "R/bin/R": "#!/bin/sh\nexec R.bin\n",
    "R/lib/R/library/base/DESCRIPTION": "Version: 4.2.0\nPriority: base\n",
    "R/lib/R/library/stats/DESCRIPTION": "Version: 4.2.0\nPriority: base\n",
    "R/lib/R/library/MASS/DESCRIPTION": "Package: MASS\nVersion: 7.3-60\nPriority: recommended\n",
    "own/MASS/DESCRIPTION": "Package: MASS\nVersion: 7.3-61\n",
  });

  const { environment } = await capture({
    cwd: root,
    argv: ["R/bin/R", "-f", "x.R"],
    env: { R_LIBS_USER: join(root, "own"), PATH: "" },
  });

  const { runtime, packages } = environment.comparable;
  expect(runtime).toEqual({ name: "R", version: "4.2.0" });
  expect(packages).toMatchObject({ MASS: "7.3-61" });
  expect(Object.keys(packages)).not.toContain("stats");
});

test("Julia tells its version by its path or juliaup, and the manifest the packages", async () => {
  const root = makeTree({
    "julia-1.10.2/bin/julia": binary,
    "depot/juliaup/bin/julia": binary,
    "depot/juliaup/juliaup.json": JSON.stringify({
      Default: "release",
      InstalledChannels: {
        release: { Version: "1.11.1+0.x64.linux.gnu" },
        "1.9": { Version: "1.9.4+0.x64.linux.gnu" },
      },
    }),
    "project/Project.toml": "",
    "project/Manifest.toml": `julia_version = "1.10.2"
manifest_format = "2.0"
[[deps.Flux]]
uuid = "587475ba"
version = "0.14.6"
[[deps.LinearAlgebra]]
uuid = "37e2e46d"
[[deps.Mine]]
path = "../Mine"
version = "0.1.0"
[[deps.Fork]]
version = "0.2.0"
git-tree-sha1 = "abc123"
repo-url = "https://token@github.com/lab/Fork.jl"
`,
  });
  const env = { JULIA_DEPOT_PATH: join(root, "depot"), PATH: `${root}/depot/juliaup/bin` };
  const told = async (...argv: string[]) =>
    (await capture({ cwd: join(root, "project"), argv, env })).environment.comparable;

  const direct = await told("../julia-1.10.2/bin/julia", "--project=@.", "x.jl");
  const release = await told("julia", "x.jl");
  const channel = await told("julia", "+1.9", "--project", "x.jl");

  expect(direct.runtime).toEqual({ name: "julia", version: "1.10.2" });
  expect(direct.packages).toMatchObject({
    Flux: "0.14.6",
    Mine: "0.1.0 (local)",
    Fork: "0.2.0 (git tree https://github.com/lab/Fork.jl@abc123)",
  });
  expect(direct.packages).not.toHaveProperty("LinearAlgebra");
  expect(release.runtime.version).toBe("1.11.1");
  expect(release.packages).not.toHaveProperty("Flux");
  expect(channel.runtime.version).toBe("1.9.4");
  expect(channel.packages).toMatchObject({ Flux: "0.14.6" });
});

test("broken lock files of R and Julia are warnings", async () => {
  const root = makeTree({
    "bin/julia": binary,
    "bin/Rscript": binary,
    "Project.toml": "",
    "Manifest.toml": "[[deps.Flux\n",
    "renv.lock": "<<<<<<< HEAD\n",
  });

  const julia = await capture({ cwd: root, argv: ["bin/julia", "--project=.", "x.jl"] });
  const r = await capture({ cwd: root, argv: ["bin/Rscript", "x.R"] });

  expect(julia.warnings.map(({ code }) => code)).toEqual(["ENVIRONMENT_FILE_INVALID"]);
  expect(r.warnings.map(({ code }) => code)).toEqual(["ENVIRONMENT_FILE_INVALID"]);
});

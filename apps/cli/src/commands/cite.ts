import { openStoredBundle } from "@reseal/bundle";
import { type CitationFormat, citationFormats, citationOf, formatCitation } from "@reseal/cite";
import { type Digest, digestHex } from "@reseal/hash";
import type { Stores } from "@reseal/store";
import { Command, Option } from "commander";
import { openStorePool } from "../artifacts-pool.ts";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";

interface CiteFlags {
  readonly format: CitationFormat;
  readonly bibtexStyle: "bibtex" | "biblatex";
  readonly url?: string;
  readonly doi?: string;
  readonly keep?: boolean;
}

/** `reseal cite ID` */
export function citeCommand(context: CommandContext): Command {
  return new Command("cite")
    .description("A citation with artifact id, seal, authors, institution, date and parents")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .addOption(
      new Option("--format <name>", "the format").choices([...citationFormats]).default("bibtex"),
    )
    .addOption(
      new Option("--bibtex-style <name>", "plain BibTeX or biblatex")
        .choices(["bibtex", "biblatex"])
        .default("bibtex"),
    )
    .option("--url <url>", "where the artifact can be read")
    .option("--doi <doi>", "a DOI that was registered for it")
    .option("--keep", "promise that it stays: artifacts gc never deletes what was cited so")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal cite @last >> paper.bib", "for LaTeX"],
          ["reseal cite @last --keep >> paper.bib", "and let gc never delete it"],
          ["reseal cite 3f2a --format markdown", "for a README"],
          ["reseal cite 3f2a --format json", "for programs"],
          ["reseal cite 3f2a --format datacite > doi.json", "to register a DOI with it"],
        ],
        {
          0: "cited, also with a warning that authors are missing",
          3: "not found or ambiguous",
          7: "--keep: busy",
        },
      ),
    )
    .action(async (id: string, flags: CiteFlags) => {
      await using stores = await context.openStores();
      const seal = await resolveSeal(context, stores, id);
      const { manifest } = await openStoredBundle(stores, seal);
      const { warnings, ...citation } = citationOf(manifest, seal, {
        ...(flags.url !== undefined && { url: flags.url }),
        ...(flags.doi !== undefined && { doi: flags.doi }),
      });
      for (const { message } of warnings) context.warn(message);
      const text = formatCitation(citation, flags.format, { style: flags.bibtexStyle });
      const isKept = flags.keep === true;
      if (isKept) await keep(context, stores, seal);
      context.result("cite/v1", { format: flags.format, citation, text, kept: isKept }, () => text);
    });
}

async function keep(context: CommandContext, stores: Stores, seal: Digest): Promise<void> {
  const gc = await import("@reseal/gc");
  const [run] = await stores.catalog.resolve(seal, { tenant: stores.tenant });
  if (run === undefined) return;
  await using pool = await openStorePool(context, stores, gc.defaultArtifactsConfig("store"));
  const family = gc.storeFamilyOf(run);
  const entry = { id: digestHex(seal).slice(0, 8), family, run_id: run.run_id };
  const reason = `cited as ${run.artifact_id};seal=${seal}`;
  await gc.pinEntry(pool, entry, { reason, purpose: "cited" });
  context.note(
    `It stays: artifacts gc deletes nothing that was cited. reseal artifacts pin --store ${stores.location} --id ${entry.id} --off takes that back.`,
  );
}

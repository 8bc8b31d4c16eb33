import { openStoredBundle } from "@reseal/bundle";
import { type CitationFormat, citationFormats, citationOf, formatCitation } from "@reseal/cite";
import { Command, Option } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";

interface CiteFlags {
  readonly format: CitationFormat;
  readonly bibtexStyle: "bibtex" | "biblatex";
  readonly url?: string;
  readonly doi?: string;
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
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal cite @last >> paper.bib", "for LaTeX"],
          ["reseal cite 3f2a --format markdown", "for a README"],
          ["reseal cite 3f2a --format json", "for programs"],
          ["reseal cite 3f2a --format datacite > doi.json", "to register a DOI with it"],
        ],
        { 0: "cited, also with a warning that authors are missing", 3: "not found or ambiguous" },
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
      context.result("cite/v1", { format: flags.format, citation, text }, () => text);
    });
}

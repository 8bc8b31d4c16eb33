/** Who made an artifact: a person, or an institution that signs as author. */
export interface CitationAuthor {
  /** `Given Family`, `Family, Given`, a single name, or an institution. */
  readonly name: string;
  /** Full address, for example `https://orcid.org/0000-0002-1825-0097`; its check digit is right. */
  readonly orcid?: string;
  readonly affiliation?: string;
}

/** An artifact from which the cited one was derived. */
export interface CitationParent {
  readonly artifact_id: string;
  readonly seal?: string;
  /** What the parent is to the artifact, for example `replay_of` or `calibration_source`. */
  readonly relationship: string;
  readonly title?: string;
}

/**
 * What there is to cite about one sealed artifact, in wire names; `citation.json` holds exactly this.
 *
 * Every text is one line of well-formed Unicode, so it comes back unchanged from each format.
 */
export interface Citation {
  readonly schema_version?: "reseal.citation/v1";
  readonly artifact_id: string;
  readonly seal: string;
  readonly run_id: string;
  readonly title: string;
  /** Empty when the manifest names nobody; only the formats put a stand-in there. */
  readonly authors: readonly CitationAuthor[];
  readonly institution?: string;
  /** `YYYY-MM-DD`, UTC, of the run's creation: never of the day of citing. */
  readonly date: string;
  readonly year: number;
  readonly url?: string;
  /** A registered DOI without resolver, for example `10.5281/zenodo.1234`; never made up. */
  readonly doi?: string;
  readonly version?: string;
  /** SPDX expression. */
  readonly licence?: string;
  /** Artifact type: `run`, `gradient`, `calibration`, `replay`, `validation` or another slug. */
  readonly type: string;
  readonly parents: readonly CitationParent[];
  /** Command that runs the artifact again; of the formats, JSON and Markdown show it. */
  readonly replay_command?: string;
  /** `<artifact_id>;seal=<seal>`: what a paper prints when one execution is meant. */
  readonly cite_as: string;
}

/** Something a person should know before using a citation. `code` is stable. */
export interface CitationWarning {
  readonly code:
    | "authors_missing"
    | "title_missing"
    | "orcid_invalid"
    | "url_invalid"
    | "url_credentials_removed"
    | "doi_invalid";
  readonly message: string;
}

/** A citation and what was wrong with its sources; the warnings are never written to a format. */
export interface CitationModel extends Citation {
  readonly warnings: readonly CitationWarning[];
}

/** The part of a manifest that a citation is made from; a `Manifest` of `@reseal/schema` fits. */
export interface CitableManifest {
  readonly content: {
    readonly type: string;
    readonly inputs: { readonly command?: readonly string[] };
  };
  readonly context: {
    readonly artifact_id: string;
    readonly run_id: string;
    readonly created_at: string;
    readonly name?: string;
    readonly title?: string;
    readonly authors?: readonly CitationAuthor[];
    readonly institution?: string;
    readonly licence?: string;
    readonly url?: string;
    readonly doi?: string;
    readonly version?: string;
    readonly parents?: readonly CitationParent[];
  };
}

/** What the person who cites knows and the manifest does not. */
export interface CitationOptions {
  /** Where the artifact can be read (`http` or `https`); replaces the manifest's own. */
  readonly url?: string;
  /** A DOI that was really registered; `doi:` and resolver prefixes are taken off. */
  readonly doi?: string;
  /** Version of the published artifact, if its authors gave it one. */
  readonly version?: string;
  /** Command that runs the artifact again, one line. */
  readonly replay_command?: string;
  /**
   * Titles of parents, and links further up the chain. One that names a parent of the manifest
   * (same artifact and relationship, no other seal) completes it; the others follow in this order.
   */
  readonly ancestors?: readonly CitationParent[];
}

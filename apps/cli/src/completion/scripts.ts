/** The shells that words are completed in. */
export const shellNames = ["bash", "zsh", "fish", "powershell"] as const;

/** A shell that words are completed in. */
export type ShellName = (typeof shellNames)[number];

/** How each shell is told, for the head of the script and for the help. */
export const installHints: Readonly<Record<ShellName, string>> = {
  bash: "reseal completion bash > ~/.local/share/bash-completion/completions/reseal",
  zsh: "reseal completion zsh > ~/.zfunc/_reseal  # and fpath=(~/.zfunc $fpath) before compinit",
  fish: "reseal completion fish > ~/.config/fish/completions/reseal.fish",
  powershell: "reseal completion powershell >> $PROFILE",
};

/** The script that a shell loads. It asks `reseal __complete` for everything. */
export function completionScript(shell: ShellName): string {
  const about = `# Completes the words of reseal. To keep it: ${installHints[shell]}\n`;
  // Zsh wants its own line first.
  const first = shell === "zsh" ? "#compdef reseal\n" : "";
  // String.raw keeps the backslashes that stop a substitution.
  return first + about + scripts[shell].replaceAll("\\${", "${").trimStart();
}

const bash = String.raw`
_reseal() {
  # Bash splits words at = and : as well; they are put together again, up to the cursor.
  local rest=\${COMP_LINE:0:COMP_POINT} words=() word spaced index
  for ((index = 0; index <= COMP_CWORD; index++)); do
    spaced=\${rest%%[![:space:]]*}
    rest=\${rest#"$spaced"}
    word=\${COMP_WORDS[index]}
    ((index == COMP_CWORD)) && word=$rest
    rest=\${rest#"$word"}
    if ((index > 0)) && [[ -z $spaced ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
  done
  local current=\${words[\${#words[@]}-1]} split=""
  case $current in *[=:]*) split=\${current%"\${current##*[=:]}"} ;; esac
  local reply candidate shell=""
  COMPREPLY=()
  while IFS= read -r reply; do
    case $reply in
      :files | :folders | :programs) shell=$reply ;;
      *)
        candidate=\${reply%%$'\t'*}
        COMPREPLY+=("\${candidate#"$split"}")
        ;;
    esac
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  local typed=\${current#"$split"}
  case $shell in
    :files) compopt -o filenames 2>/dev/null; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$typed") ;;
    :folders) compopt -o filenames 2>/dev/null; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$typed") ;;
    :programs) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -c -f -- "$typed" | sort -u) ;;
  esac
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _reseal reseal
`;

const zsh = String.raw`
_reseal() {
  local -a lines described
  local line shell=""
  lines=("\${(@f)$("$words[1]" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    case $line in
      :files|:folders|:programs) shell=$line ;;
      *$'\t'*) described+=("\${\${line%%$'\t'*}//:/\\:}:\${line#*$'\t'}") ;;
      *) described+=("\${line//:/\\:}") ;;
    esac
  done
  (( $#described )) && _describe -V reseal described
  case $shell in
    :files) _files ;;
    :folders) _files -/ ;;
    :programs)
      local dash=$words[(i)--]
      if (( dash < CURRENT )); then
        shift $dash words
        (( CURRENT -= dash ))
        _normal
      else
        _command_names
      fi ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _reseal "$@"
else
  compdef _reseal reseal
fi
`;

const fish = String.raw`
function __reseal_complete
    set -l words (commandline --tokens-expanded --cut-at-cursor 2>/dev/null; or commandline -opc)
    set -l current (commandline -ct)
    for reply in ($words[1] __complete -- $words[2..-1] $current 2>/dev/null)
        switch $reply
            case ':files' ':programs'
                __fish_complete_path $current
            case ':folders'
                __fish_complete_directories $current
            case '*'
                printf '%s\n' $reply
        end
    end
end
complete -c reseal -f -a '(__reseal_complete)'
`;

const powershell = String.raw`
Register-ArgumentCompleter -Native -CommandName reseal -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    $words += $wordToComplete
    & reseal __complete -- @words 2>$null | ForEach-Object {
        $value, $about = $_ -split "\t", 2
        if ($value -notmatch '^:(files|folders|programs)$') {
            if (-not $about) { $about = $value }
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
        }
    }
}
`;

const scripts: Readonly<Record<ShellName, string>> = { bash, zsh, fish, powershell };

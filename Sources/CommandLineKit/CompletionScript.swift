// SPDX-License-Identifier: Apache-2.0

/// A shell with programmable completion.
public enum CompletionShell: String, ArgumentValue, CaseIterable {
    case bash
    case zsh
    case fish

    /// Returns the script that makes the shell call the program for every completion.
    ///
    /// The program is called as `PROGRAM COMMAND -- WORD…`. It prints one candidate per line, with
    /// its description after a tab, and finally `:files`, `:folders` or `:` for the kind of further
    /// completions.
    ///
    /// - Parameters:
    ///   - program: The name of the program.
    ///   - command: The hidden command that prints the candidates.
    /// - Returns: The script.
    public func script(for program: String, asking command: String) -> String {
        let template =
            switch self {
            case .bash: Self.bashScript
            case .zsh: Self.zshScript
            case .fish: Self.fishScript
            }
        return template.replacing("PROGRAM", with: program).replacing("COMMAND", with: command)
    }

    /// Readline replaces only the text after the last `=` or `:`, so the rest is removed.
    private static let bashScript = #"""
        # Completion of PROGRAM for bash: written by 'PROGRAM completions bash'.
        _PROGRAM() {
            local line=${COMP_LINE:0:COMP_POINT} program word cut=''
            local -a words
            read -ra words <<<"$line"
            [[ $line != *[[:space:]] ]] || words+=('')
            program=${words[0]}
            word=${words[-1]}
            [[ $word != *[=:]* ]] || cut=${word%"${word##*[=:]}"}
            COMPREPLY=()
            while IFS=$'\t' read -r word _; do
                case $word in
                    :files) compopt -o default ;;
                    :folders) compopt -o dirnames ;;
                    :) ;;
                    *) COMPREPLY+=("${word#"$cut"}") ;;
                esac
            done < <("$program" COMMAND -- "${words[@]:1}" 2>/dev/null)
        }
        complete -F _PROGRAM PROGRAM

        """#

    private static let zshScript = #"""
        #compdef PROGRAM
        # Completion of PROGRAM for zsh: written by 'PROGRAM completions zsh'.
        _PROGRAM() {
            local word note place
            local -a candidates
            while IFS=$'\t' read -r word note; do
                case $word in
                    :*) place=$word ;;
                    *) candidates+=("${word//:/\\:}${note:+:$note}") ;;
                esac
            done < <("$words[1]" COMMAND -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)
            (($#candidates == 0)) || _describe -V PROGRAM candidates
            case $place in
                :files) compset -P '*='; _files ;;
                :folders) compset -P '*='; _files -/ ;;
            esac
        }
        if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
            _PROGRAM "$@"
        else
            compdef _PROGRAM PROGRAM
        fi

        """#

    private static let fishScript = #"""
        # Completion of PROGRAM for fish: written by 'PROGRAM completions fish'.
        function __PROGRAM_complete
            set -l words (commandline -opc)
            set -l current "$(commandline -ct)"
            for line in ($words[1] COMMAND -- $words[2..] $current 2>/dev/null)
                switch $line
                    case :files
                        __fish_complete_path (string replace -r '^--[^=]*=' '' -- $current)
                    case :folders
                        __fish_complete_directories (string replace -r '^--[^=]*=' '' -- $current)
                    case ':*'
                    case '*'
                        echo $line
                end
            end
        end
        complete -c PROGRAM -f -a '(__PROGRAM_complete)'

        """#
}

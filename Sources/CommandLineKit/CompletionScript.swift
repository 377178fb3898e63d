// SPDX-License-Identifier: Apache-2.0

/// A shell that can complete the words of a command line.
public enum CompletionShell: String, ArgumentValue, CaseIterable {
    case bash
    case zsh
    case fish

    /// Returns what the shell has to read, so that it asks the program for every completion.
    ///
    /// The program is called as `PROGRAM COMMAND -- WORD…`. It writes a candidate on each line, after
    /// a tab what it means, and at the end `:files`, `:folders` or `:` for what else may stand there.
    ///
    /// - Parameters:
    ///   - program: the program's name.
    ///   - command: the hidden command of it that answers.
    /// - Returns: the script.
    public func script(for program: String, asking command: String) -> String {
        let template =
            switch self {
            case .bash: Self.bashScript
            case .zsh: Self.zshScript
            case .fish: Self.fishScript
            }
        return template.replacing("PROGRAM", with: program).replacing("COMMAND", with: command)
    }

    /// Readline replaces only what stands after the last `=` or `:`, so the rest is cut off.
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

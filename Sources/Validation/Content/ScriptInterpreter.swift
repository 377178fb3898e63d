// SPDX-License-Identifier: Apache-2.0

/// The command line of a program that runs a script in a language other than that of shells.
///
/// The script is not followed, but it must exist. The list in `Documentation/start-scripts.md` is
/// the same.
struct ScriptInterpreter {
    /// The options before the script.
    private let syntax: OptionSyntax
    /// The options after which the program needs no script, such as one with code.
    private let codeOptions: Set<String>
    /// The options whose value is the script.
    private let scriptOptions: Set<String>
    /// The option without which the first operand is not a file, if there is one.
    private let fileOption: String?
    /// A Boolean value that indicates whether the first operand is a script.
    private let takesOperand: Bool
    /// The endings that the program adds to the name of a script that it does not find.
    private let endings: [String]
    /// A Boolean value that indicates whether a binary as the script is an error; PHP prints it.
    let rejectsBinaries: Bool

    /// Creates the interpreter with a program name, which may end in a version; `nil` if it is
    /// unknown.
    init?(_ name: String) {
        guard let known = Self.known[String(name.prefix { !$0.isNumber })] else { return nil }
        self = known
    }

    private init(
        _ syntax: OptionSyntax, code: Set<String> = [], script: Set<String> = [],
        file: String? = nil, takesOperand: Bool = true, endings: [String] = [],
        rejectsBinaries: Bool = true
    ) {
        self.syntax = syntax
        codeOptions = code
        scriptOptions = script
        fileOption = file
        self.takesOperand = takesOperand
        self.endings = [""] + endings
        self.rejectsBinaries = rejectsBinaries
    }

    /// Returns the paths at which the interpreter looks for the script that its arguments name;
    /// none if they name no script, or are not understood.
    func candidates(in arguments: [Argument]) -> [String] {
        guard let parsed = syntax.parse(arguments), parsed.isCertain else { return [] }
        let names = Set(parsed.options.map(\.name))
        guard names.isDisjoint(with: codeOptions), fileOption.map(names.contains) ?? true else {
            return []
        }
        let option = parsed.options.first { scriptOptions.contains($0.name) }
        guard
            let script = option.map({ $0.value?.text })
                ?? (takesOperand ? parsed.operands.first?.text : nil),
            let first = script.first, first != "-", first != "@"
        else { return [] }
        return endings.map { script + $0 }
    }

    private static let known: [String: ScriptInterpreter] = [
        "awk": awk, "gawk": awk, "mawk": awk, "node": node, "nodejs": node, "python": python,
        "pypy": python,
        // Source: perlrun(1).
        "perl": ScriptInterpreter(
            OptionSyntax("acnpstTuUwWXve:E:I:m:M:"), code: ["e", "E", "v"]),
        // Source: php(1).
        "php": ScriptInterpreter(
            OptionSyntax(
                "aCehHilmnqswvc:d:z:t:f:r:B:R:F:E:S:", ["help", "version", "ini", "interactive"]),
            code: [
                "a", "h", "i", "m", "v", "r", "B", "R", "E", "S", "help", "version", "ini",
                "interactive",
            ], script: ["f", "F"], rejectsBinaries: false),
        // Source: ruby(1).
        "ruby": ScriptInterpreter(
            OptionSyntax("alnpsvwWe:E:I:r:", ["version", "help", "copyright"]),
            code: ["e", "v", "version", "help", "copyright"]),
        // Source: lua(1).
        "lua": ScriptInterpreter(OptionSyntax("iEWve:l:"), code: ["e", "i", "v"]),
        // Source: tclsh(1).
        "tclsh": ScriptInterpreter(OptionSyntax()),
        // Source: java(1).
        "java": ScriptInterpreter(
            OptionSyntax(words: [
                "jar", "cp=", "classpath=", "class-path=", "p=", "module-path=",
                "upgrade-module-path=", "add-modules=", "add-opens=", "add-exports=", "add-reads=",
                "limit-modules=", "patch-module=", "enable-native-access=",
            ]), file: "jar"),
    ]

    /// Source: gawk(1), mawk(1).
    private static let awk = ScriptInterpreter(
        OptionSyntax("F:v:f:", ["file=", "field-separator=", "assign="]), script: ["f", "file"],
        takesOperand: false)

    /// Source: python(1).
    private static let python = ScriptInterpreter(
        OptionSyntax(
            "bBdEiIOPqsSuvxhVc:m:W:X:", ["check-hash-based-pycs=", "help", "version"]),
        code: ["c", "m", "h", "V", "help", "version"])

    /// Source: node(1); node, lib/internal/modules/cjs/loader.js.
    private static let node = ScriptInterpreter(
        OptionSyntax(
            "ivhce:p:r:C:",
            [
                "require=", "import=", "loader=", "experimental-loader=", "env-file=",
                "conditions=", "title=", "eval=", "print=", "max-old-space-size", "inspect",
                "inspect-brk", "enable-source-maps", "expose-gc", "no-deprecation", "no-warnings",
                "preserve-symlinks", "stack-size", "trace-deprecation", "trace-warnings",
                "unhandled-rejections", "watch", "interactive", "version", "help", "test",
            ]),
        code: [
            "e", "p", "i", "v", "h", "eval", "print", "interactive", "version", "help", "test",
        ], endings: [".js", ".json", ".node"])
}

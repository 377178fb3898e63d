// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning

/// A program that starts the program that its arguments name.
///
/// Each is described by the options that it accepts before the command. The list in
/// `Documentation/start-scripts.md` is the same.
enum ExecWrapper {
    /// Starts its operands, after a number of other operands such as a user or a duration.
    case command(OptionSyntax, operands: Int = 0, directory: String? = nil)
    /// `env`.
    case environment
    /// `chroot`, which is followed if the root stays the same.
    case changeRoot
    /// A shell.
    case shell
    /// A multi-call program, whose first argument is the name of a program.
    case multiCall
    /// An emulator, which runs programs for other CPU architectures.
    case emulator

    /// Creates the wrapper with a program name; `nil` if the program is not a known wrapper.
    init?(_ name: String) {
        if let syntax = Self.commands[name] {
            self = syntax
        } else if Self.shells.contains(name) {
            self = .shell
        } else if name == "env" {
            self = .environment
        } else if name == "chroot" {
            self = .changeRoot
        } else if name == "busybox" || name == "toybox" {
            self = .multiCall
        } else if Self.isEmulator(name) {
            self = .emulator
        } else {
            return nil
        }
    }

    /// Returns whether a program runs programs for other CPU architectures.
    static func isEmulator(_ name: some StringProtocol) -> Bool {
        name.hasPrefix("qemu-") || emulators.contains(String(name))
    }

    private static let emulators: Set<String> = [
        "FEXInterpreter", "box32", "box64", "box86", "rosetta", "wine", "wine64",
    ]

    /// The shells of the POSIX family.
    static let shells: Set<String> = ["sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"]

    private static let commands: [String: ExecWrapper] = [
        "tini": tini, "tini-static": tini, "docker-init": tini,
        // Source: dumb-init 1.2.5, dumb-init.c.
        "dumb-init": .command(
            OptionSyntax("cvr:", ["single-child", "verbose", "rewrite="])),
        // Source: catatonit 0.2, catatonit.c.
        "catatonit": .command(OptionSyntax("g")),
        "gosu": .command(OptionSyntax(), operands: 1),
        "su-exec": .command(OptionSyntax(), operands: 1),
        "setuidgid": .command(OptionSyntax(), operands: 1),
        "s6-setuidgid": .command(OptionSyntax(), operands: 1),
        "with-contenv": .command(OptionSyntax()),
        "envdir": .command(OptionSyntax(), operands: 1),
        "s6-envdir": .command(OptionSyntax("IifnLc:"), operands: 1),
        "s6-applyuidgid": .command(OptionSyntax("Uzu:g:G:")),
        // Source: runit 2.1.2, chpst(8).
        "chpst": .command(OptionSyntax("vP012u:U:b:e:C:n:l:L:m:d:o:p:f:c:r:t:"), directory: "C"),
        // Source: util-linux 2.40, setpriv(1).
        "setpriv": .command(
            OptionSyntax(
                "",
                [
                    "nnp", "no-new-privs", "clear-groups", "keep-groups", "init-groups",
                    "reset-env", "ambient-caps=", "inh-caps=", "bounding-set=", "ruid=", "euid=",
                    "rgid=", "egid=", "reuid=", "regid=", "groups=", "securebits=", "pdeathsig=",
                    "ptracer=", "selinux-label=", "apparmor-profile=", "landlock-access=",
                    "landlock-rule=", "seccomp-filter=",
                ])),
        "setsid": .command(OptionSyntax("cfw", ["ctty", "fork", "wait"])),
        "ionice": .command(OptionSyntax("c:n:t", ["class=", "classdata=", "ignore"])),
        "chrt": .command(
            OptionSyntax(
                "bdfiorRaT:P:D:v",
                [
                    "batch", "deadline", "fifo", "idle", "other", "rr", "reset-on-fork",
                    "all-tasks", "sched-runtime=", "sched-period=", "sched-deadline=", "verbose",
                ]), operands: 1),
        "taskset": .command(OptionSyntax("ac", ["all-tasks", "cpu-list"]), operands: 1),
        "nohup": .command(OptionSyntax()),
        "flock": .command(
            OptionSyntax(
                "sexuonFw:E:",
                [
                    "shared", "exclusive", "unlock", "nonblock", "nb", "close", "no-fork",
                    "timeout=", "wait=", "conflict-exit-code=", "verbose",
                ]), operands: 1),
        // Source: GNU coreutils 9.1.
        "nice": .command(OptionSyntax("n:", ["adjustment="])),
        "stdbuf": .command(OptionSyntax("i:o:e:", ["input=", "output=", "error="])),
        "timeout": .command(
            OptionSyntax(
                "k:s:v",
                ["kill-after=", "signal=", "verbose", "foreground", "preserve-status"]),
            operands: 1),
        "catchsegv": .command(OptionSyntax()),
        "eatmydata": .command(OptionSyntax()),
    ]

    /// Source: tini 0.19, tini.c.
    private static let tini = ExecWrapper.command(OptionSyntax("svwge:p:"))
}

/// The command that a wrapper starts.
struct WrappedCommand {
    /// The program and its arguments; empty if the wrapper starts none.
    var words: [Argument]
    /// The state that the program inherits.
    var process: ProcessState
    /// A Boolean value that indicates whether the words are certainly the command.
    var isCertain = true
}

extension ExecWrapper {
    /// Returns the command in the arguments of a wrapper other than a shell or an emulator; `nil`
    /// if there is none.
    func command(in arguments: [Argument], of process: ProcessState) -> WrappedCommand? {
        switch self {
        case .environment: return EnvironmentCommand(arguments, process).command
        case .changeRoot:
            let syntax = OptionSyntax("", ["groups=", "userspec=", "skip-chdir"])
            guard let parsed = syntax.parse(arguments), parsed.operands.first?.text == "/" else {
                return nil
            }
            var process = process
            process.workingDirectory =
                parsed.options.contains { $0.name == "skip-chdir" }
                ? process.workingDirectory : .root
            return WrappedCommand(
                words: Array(parsed.operands.dropFirst()), process: process,
                isCertain: parsed.isCertain)
        case .multiCall:
            return WrappedCommand(words: arguments, process: process)
        case .command(let syntax, let count, let directory):
            guard let parsed = syntax.parse(arguments) else { return nil }
            var process = process
            if let option = parsed.options.last(where: { $0.name == directory }) {
                process.changeDirectory(to: option.value?.text)
            }
            return WrappedCommand(
                words: Array(parsed.operands.dropFirst(count)), process: process,
                isCertain: parsed.isCertain && parsed.operands.prefix(count).allSatisfy(\.isSingle))
        case .shell, .emulator: return nil
        }
    }
}

extension ProcessState {
    /// Changes the working directory; to an unknown one if the path is unknown.
    mutating func changeDirectory(to path: String?) {
        guard let path else {
            workingDirectory = nil
            return
        }
        if path.hasPrefix("/") {
            workingDirectory = LayerPath(path)
        } else {
            workingDirectory = workingDirectory.map { LayerPath(path, in: $0) }
        }
    }
}

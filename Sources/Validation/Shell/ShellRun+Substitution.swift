// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning

/// Returns the output of the commands of a substitution in a state; `nil` if it is unknown.
typealias ShellSubstitution = (_ text: String, ShellState) -> String?

/// Command substitutions.
///
/// Known is the output of commands that name the platform, or the path of a file.
extension ShellRun {
    var substitute: ShellSubstitution {
        { [self] text, state in
            if let output = output(of: text, state) { return output }
            if Self.asksForArchitecture(text) { tracer.expectsForeignPrograms = true }
            tracer.hasUnknownOutput = true
            return nil
        }
    }

    private func output(of text: String, _ state: ShellState) -> String? {
        guard tracer.takeStep(stateByteCount: text.utf8.count + state.byteCount),
            !state.hasUnknownFunctions, let commands = Self.simpleCommands(of: text)
        else { return nil }
        var state = state
        var lines: [String] = []
        for command in commands {
            let words = state.expand(command.words, substitute)
            let texts = words.compactMap(\.text)
            guard command.assignments.isEmpty, texts.count == words.count,
                let name = texts.first, state.functions[name] == nil
            else { return nil }
            let operands = texts.dropFirst().filter { $0 != "--" }
            if name == "cd" {
                guard let path = Self.directory(in: operands) else { return nil }
                state.process.changeDirectory(to: path)
            } else {
                guard let line = line(of: name, operands: operands, in: state) else { return nil }
                lines.append(line)
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Returns the simple commands of a text that run one after the other; `nil` if there are others.
    private static func simpleCommands(of text: String) -> [ShellCommand.Simple]? {
        var parser = ShellParser(ShellLexer(Array(text.utf8)))
        var commands: [ShellCommand] = []
        do {
            while let command = try parser.nextCommand() {
                guard case .chain(let first, let links) = command else {
                    commands.append(command)
                    continue
                }
                guard links.allSatisfy(\.isAnd) else { return nil }
                commands += [first] + links.map(\.command)
            }
        } catch {
            return nil
        }
        let simple = commands.compactMap { command in
            if case .simple(let simple) = command { simple } else { nil }
        }
        return simple.count == commands.count ? simple : nil
    }

    /// Returns the operand of `cd`.
    private static func directory(in operands: [String]) -> String? {
        let paths = operands.filter { !["-L", "-P", "-e"].contains($0) }
        return paths.count == 1 && !paths[0].hasPrefix("-") && !paths[0].isEmpty ? paths[0] : nil
    }

    /// Returns the output of a command, without the line break.
    private func line(
        of name: String, operands: [String], in state: ShellState
    ) -> String? {
        let names = tracer.architecture?.machineNames
        switch (name, operands) {
        case ("uname", []), ("uname", ["-s"]): return "Linux"
        case ("uname", ["-m"]), ("uname", ["-p"]), ("arch", []): return names?.kernel
        case ("dpkg", ["--print-architecture"]): return names?.debian
        case ("pwd", []), ("pwd", ["-P"]): return state.process.workingDirectory?.description
        case ("dirname", let paths) where paths.count == 1: return Self.split(paths[0]).directory
        case ("basename", let paths) where paths.count == 1: return Self.split(paths[0]).name
        case ("readlink", let words) where words.count == 2 && ["-f", "-e"].contains(words[0]):
            return realPath(words[1], state)
        case ("realpath", let paths) where paths.count == 1: return realPath(paths[0], state)
        case ("echo", let words)
        where !words.contains { $0.hasPrefix("-") || $0.contains("\\") }:
            return words.joined(separator: " ")
        default: return nil
        }
    }

    /// Splits a path at its last slash.
    ///
    /// Source: POSIX.1-2017, XCU, dirname and basename.
    private static func split(_ path: String) -> (directory: String, name: String) {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/"), path != "/" else {
            return (path == "/" ? "/" : ".", String(path))
        }
        var directory = path[..<slash]
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        return (
            directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...])
        )
    }

    /// Returns a path without links; `nil` if it does not exist in the image.
    private func realPath(_ path: String, _ state: ShellState) -> String? {
        guard let directory = state.process.workingDirectory ?? (path.hasPrefix("/") ? .root : nil),
            case .found(_, let found) = tracer.rootFileSystem.resolve(
                Array(path.utf8), in: directory)
        else { return nil }
        return found.description
    }

    /// Returns whether a text asks for the CPU architecture of the host.
    static func asksForArchitecture(_ text: String) -> Bool {
        ["uname", "print-architecture", "TARGETARCH", "TARGETPLATFORM", "MACHTYPE", "HOSTTYPE"]
            .contains { text.contains($0) }
            || text.split { !$0.isLetter }.contains("arch")
    }
}

extension CPUArchitecture {
    /// The names of the architecture in Linux and Debian.
    fileprivate var machineNames: (kernel: String, debian: String)? {
        switch description {
        case "amd64": ("x86_64", "amd64")
        case "arm64": ("aarch64", "arm64")
        case "ppc64le": ("ppc64le", "ppc64el")
        case "riscv64": ("riscv64", "riscv64")
        case "s390x": ("s390x", "s390x")
        default: nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// The known part of what a process inherits from the one that starts it.
struct ProcessState: Hashable {
    /// A variable; of a variable that is not listed, nothing is known.
    struct Variable: Hashable {
        /// The value; `nil` if it is unknown.
        var value: String?
        /// A Boolean value that indicates whether programs that a shell starts inherit it.
        var isExported: Bool
    }

    private(set) var variables: [String: Variable] = [:]
    /// A Boolean value that indicates whether variables that are not listed may have been set.
    private var hasForgottenVariables = false
    /// The size of all names and values.
    var byteCount: Int {
        variables.reduce(0) { $0 + $1.key.utf8.count + ($1.value.value?.utf8.count ?? 0) }
    }
    /// The working directory; `nil` if it is unknown.
    var workingDirectory: LayerPath?
    /// A Boolean value that indicates whether the standard input is a pipe or a file, from which a
    /// shell reads commands.
    var hasRedirectedInput = false

    /// The maximum length of an assigned value; a longer one is unknown.
    static let maximumValueByteCount = 4096

    /// The search path that runtimes use if the config sets no `PATH`.
    private static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    init(_ config: ImageConfig) {
        workingDirectory = LayerPath(config.workingDirectory)
        assign("PATH", Self.defaultPath, exports: true)
        for entry in config.environment {
            guard let equals = entry.firstIndex(of: "="), equals != entry.startIndex else {
                continue
            }
            variables[String(entry[..<equals])] = Variable(
                value: String(entry[entry.index(after: equals)...]), isExported: true)
        }
    }

    /// Returns the value of a variable; `nil` if it is unknown.
    subscript(name: String) -> String? { variables[name]?.value }

    /// Sets a variable, which stays exported if it was before.
    mutating func assign(_ name: String, _ value: String?, exports: Bool = false) {
        let value = value.flatMap { $0.utf8.count <= Self.maximumValueByteCount ? $0 : nil }
        let isExported = exports || variables[name]?.isExported ?? false
        variables[name] = Variable(value: value, isExported: isExported)
    }

    /// Exports a variable.
    mutating func export(_ name: String) { variables[name]?.isExported = true }

    /// Forgets a variable.
    mutating func forget(_ name: String) { variables[name] = nil }

    /// Forgets all variables.
    mutating func forgetVariables() {
        variables = [:]
        hasForgottenVariables = true
    }

    /// The value of `LD_LIBRARY_PATH`.
    enum LibraryPath: Hashable {
        case unset
        case value(String)
        case unknown
    }

    /// The value of `LD_LIBRARY_PATH`, which is taken to be unset where nothing sets it.
    var libraryPath: LibraryPath {
        guard let variable = variables["LD_LIBRARY_PATH"] else {
            return hasForgottenVariables ? .unknown : .unset
        }
        return variable.value.map(LibraryPath.value) ?? .unknown
    }

    /// The state that a program inherits from a shell.
    var inherited: ProcessState {
        var state = self
        state.variables = variables.filter { $0.value.isExported }
        return state
    }
}

extension ProcessState {
    /// Looks up a program as a process with this state does to start it: by its path if the name has
    /// a slash, otherwise in `PATH`.
    ///
    /// Source: POSIX.1-2017, XBD § 8.3, `PATH`; execvp(3); runc and containerd, which use Go's
    /// `exec.LookPath` in the container's root file system.
    func lookUp(_ name: String, in rootFileSystem: RootFileSystem) -> RootFileSystem.FoundProgram {
        guard name.utf8.count <= RootFileSystem.maximumPathByteCount else { return .missing }
        let directory = workingDirectory ?? .root
        guard !name.utf8.contains(UInt8(ascii: "/")) else {
            guard name.hasPrefix("/") || workingDirectory != nil else { return .undetermined }
            return rootFileSystem.program(at: Array(name.utf8), in: directory)
        }
        guard let path = self["PATH"] else { return .undetermined }
        // An empty entry is the working directory, but an empty value has no entries.
        let entries = path.split(separator: ":", omittingEmptySubsequences: false)
        guard workingDirectory != nil || entries.allSatisfy({ $0.hasPrefix("/") }) else {
            return .undetermined
        }
        guard !name.isEmpty, !path.isEmpty else { return .missing }
        var mayBeMounted = false
        for entry in entries {
            let file = "\(LayerPath(String(entry), in: directory))/\(name)"
            switch rootFileSystem.program(at: Array(file.utf8), in: directory) {
            case .missing, .notExecutable: continue
            case .runtimeMount: mayBeMounted = true
            case let found: return found
            }
        }
        return mayBeMounted ? .runtimeMount : .missing
    }
}

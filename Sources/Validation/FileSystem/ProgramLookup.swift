// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// Finds programs as a container runtime does before it starts a container.
///
/// Source: runc and containerd, which use Go's `exec.LookPath` in the container's root file system.
struct ProgramLookup {
    let view: RootFileSystem
    /// The directories in which names without a slash are searched.
    let searchPath: [LayerPath]
    /// The directory in which the program starts.
    let workingDirectory: LayerPath

    /// The search path that runtimes use if the config sets no `PATH`.
    private static let usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    init(_ view: RootFileSystem, _ config: ImageConfig) {
        self.view = view
        let stated = config.environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5)
        // A relative directory depends on the working directory of the process.
        self.searchPath = (stated ?? Self.usualPath[...]).split(separator: ":")
            .filter { $0.hasPrefix("/") }.map { LayerPath(String($0)) }
        self.workingDirectory = LayerPath(config.workingDirectory)
    }

    /// The result of a program lookup.
    enum Answer: Hashable {
        case program(LayerEntry.Head, at: LayerPath)
        case missing
        case notExecutable(LayerPath)
        case unknowable
        /// The result depends on a layer that was not scanned.
        case open
    }

    /// Looks up a program: by its path if the name has a slash, otherwise in the search path.
    func program(_ word: String) -> Answer {
        guard !word.utf8.contains(UInt8(ascii: "/")) else {
            return program(at: Array(word.utf8))
        }
        guard !word.isEmpty, word.utf8.count <= RootFileSystem.maximumPathByteCount else {
            return .missing
        }
        var isUnknowable = false
        for folder in searchPath {
            switch program(at: Array("\(folder)/\(word)".utf8)) {
            case .missing, .notExecutable: continue
            case .unknowable: isUnknowable = true
            case let found: return found
            }
        }
        return isUnknowable ? .unknowable : .missing
    }

    /// Looks up a program by its path, relative to the working directory.
    func program(at path: [UInt8]) -> Answer {
        switch view.destination(of: path, in: workingDirectory) {
        case .found(.file(let file), let path):
            file.isExecutable ? .program(file.head, at: path) : .notExecutable(path)
        case .found(_, let path): .notExecutable(path)
        case .missing: .missing
        case .unknowable: .unknowable
        case .open: .open
        }
    }
}

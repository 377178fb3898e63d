// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// Finds programs as a runtime does before it starts a container.
///
/// Source: runc and containerd, which use Go's `exec.LookPath` in the container's root.
struct ProgramLookup {
    let view: RootFileSystem
    /// The folders in which names without a slash are looked for.
    let searchPath: [LayerPath]
    /// The folder in which the program starts.
    let workingDirectory: LayerPath

    /// What runtimes take where the configuration names none.
    private static let usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    init(_ view: RootFileSystem, _ config: ImageConfig) {
        self.view = view
        let stated = config.environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5)
        // A folder that is not absolute depends on where the program happens to be.
        self.searchPath = (stated ?? Self.usualPath[...]).split(separator: ":")
            .filter { $0.hasPrefix("/") }.map { LayerPath(String($0)) }
        self.workingDirectory = LayerPath(config.workingDirectory)
    }

    /// What a word stands for.
    enum Answer: Hashable {
        case program(LayerEntry.Head, at: LayerPath)
        case missing
        case notExecutable(LayerPath)
        case unknowable
        /// That depends on a layer of which nothing is known.
        case open
    }

    /// Looks a word up: by its path where it has a slash, else in the search path.
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

    /// Looks at a path, seen from the working directory.
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

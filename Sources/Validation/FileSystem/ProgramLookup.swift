// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// Finds programs as a container runtime does before it starts a container.
///
/// Source: runc and containerd, which use Go's `exec.LookPath` in the container's root file system.
struct ProgramLookup {
    let rootFileSystem: RootFileSystem
    /// The directories in which names without a slash are searched.
    let searchPath: [LayerPath]
    /// The directory in which the program starts.
    let workingDirectory: LayerPath

    /// Creates a lookup with a value of `PATH` and a working directory.
    init(_ rootFileSystem: RootFileSystem, path: String, workingDirectory: LayerPath) {
        self.rootFileSystem = rootFileSystem
        // An empty directory is the working directory.
        self.searchPath = path.split(separator: ":", omittingEmptySubsequences: path.isEmpty)
            .map { LayerPath(String($0), in: workingDirectory) }
        self.workingDirectory = workingDirectory
    }

    /// The result of a program lookup.
    enum Result: Hashable {
        case program(LayerEntry.Head, at: LayerPath)
        case missing
        case notExecutable(LayerPath)
        case runtimeMount
        /// The result depends on a layer that was not scanned.
        case undetermined
    }

    /// Looks up a program: by its path if the name has a slash, otherwise in the search path.
    func program(_ name: String) -> Result {
        guard !name.utf8.contains(UInt8(ascii: "/")) else {
            return program(at: Array(name.utf8))
        }
        guard !name.isEmpty, name.utf8.count <= RootFileSystem.maximumPathByteCount else {
            return .missing
        }
        var mayBeMounted = false
        for directory in searchPath {
            switch program(at: Array("\(directory)/\(name)".utf8)) {
            case .missing, .notExecutable: continue
            case .runtimeMount: mayBeMounted = true
            case let found: return found
            }
        }
        return mayBeMounted ? .runtimeMount : .missing
    }

    /// Looks up a program by its path, relative to the working directory.
    func program(at path: [UInt8]) -> Result {
        switch rootFileSystem.resolve(path, in: workingDirectory) {
        case .found(.file(let file), let path):
            file.isExecutable ? .program(file.head, at: path) : .notExecutable(path)
        case .found(_, let path): .notExecutable(path)
        case .missing: .missing
        case .runtimeMount: .runtimeMount
        case .undetermined: .undetermined
        }
    }
}

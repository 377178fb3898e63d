// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning

extension RootFileSystem {
    /// The result of following a path.
    enum Resolution: Hashable {
        case found(LayerEntry, at: LayerPath)
        case missing
        /// The path is below `/dev`, `/proc` or `/sys`, which are mounted at run time.
        case runtimeMount
        /// The result depends on a layer that was not scanned.
        case undetermined
    }

    /// Follows a path, including all symbolic links in it.
    ///
    /// - Parameters:
    ///   - path: The path before symbolic links are resolved.
    ///   - directory: The working directory that a relative path starts from. A runtime creates it
    ///     if it is missing.
    /// - Returns: The file at the end of the path.
    func resolve(_ path: [UInt8], in directory: LayerPath = .root) -> Resolution {
        guard path.count <= Self.maximumPathByteCount else { return .missing }
        var start: [Directory] = []
        if path.first != Self.slash, directory != .root {
            switch walk(directory.bytes, below: layers.count, createsDirectories: true) {
            case .directory(let directories): start = directories
            case .file, .missing: return .missing
            case .runtimeMount: return .runtimeMount
            case .undetermined: return .undetermined
            }
        }
        return switch walk(path, from: start, below: layers.count) {
        case .directory(let directories): .found(.directory, at: Directory.path(of: directories))
        case .file(let entry, let path): .found(entry, at: path)
        case .missing: .missing
        case .runtimeMount: .runtimeMount
        case .undetermined: .undetermined
        }
    }

    /// The result of looking up a program.
    enum FoundProgram: Hashable {
        case program(LayerEntry.Head, at: LayerPath)
        case missing
        case notExecutable(LayerPath)
        case runtimeMount
        /// The result depends on a layer that was not scanned.
        case undetermined
    }

    /// Looks up a program by its path, relative to a working directory.
    func program(at path: [UInt8], in directory: LayerPath = .root) -> FoundProgram {
        switch resolve(path, in: directory) {
        case .found(.file(let file), let path):
            file.isExecutable ? .program(file.head, at: path) : .notExecutable(path)
        case .found(_, let path): .notExecutable(path)
        case .missing: .missing
        case .runtimeMount: .runtimeMount
        case .undetermined: .undetermined
        }
    }

    /// Looks up a path, and follows all links in it except the last component.
    subscript(path: LayerPath) -> PathLookup {
        followHardLinks(look(at: path, below: layers.count))
    }

    /// Looks up a path in the layers below `top`, without following its last component.
    func look(at path: LayerPath, below top: Int) -> LayerLookup {
        guard let parent = path.directory else { return (.entry(.directory), 0) }
        switch walk(parent.bytes, below: top, mounts: false) {
        case .directory(let directories):
            return look(for: path.name, in: directories.last ?? root(below: top), below: top)
        case .undetermined: return (.undetermined, 0)
        case .file, .missing, .runtimeMount: return (.nothing, 0)
        }
    }

    /// The end of a path.
    enum Destination {
        /// The directories on the path, without the root.
        case directory([Directory])
        case file(LayerEntry, LayerPath)
        case missing
        case runtimeMount
        case undetermined
    }

    /// Follows a path and all links in it.
    ///
    /// - Parameters:
    ///   - path: The path before symbolic links are resolved.
    ///   - start: The directories from which a relative path starts, without the root.
    ///   - top: The layer at which the container's file system ends.
    ///   - createsDirectories: Whether missing directories are created.
    ///   - mounts: Whether runtimes mount file systems over some directories.
    /// - Returns: The file or directory at the end of the path.
    func walk(
        _ path: [UInt8], from start: [Directory] = [], below top: Int,
        createsDirectories: Bool = false, mounts: Bool = true
    ) -> Destination {
        guard path.count <= Self.maximumPathByteCount else { return .missing }
        budget.consume(path.count)
        let root = root(below: top)
        var current = path.first == Self.slash ? [] : start
        var pending = Self.components(of: path)
        var hops = 0
        while let component = pending.popLast() {
            guard !budget.isExhausted else { return .undetermined }
            guard !component.elementsEqual("..".utf8) else {
                _ = current.popLast()
                continue
            }
            if mounts, current.isEmpty, Self.isRuntimeMount(component) { return .runtimeMount }
            let parent = current.last ?? root
            switch followHardLinks(look(for: component, in: parent, below: top)) {
            case .entry(.symbolicLink(let target)):
                hops += 1
                guard hops <= Self.maximumHops, !target.isEmpty else { return .missing }
                budget.consume(target.count)
                if target.first == Self.slash { current = [] }
                pending += Self.components(of: target)
            case .undetermined: return .undetermined
            case .nothing where !createsDirectories: return .missing
            case .nothing, .entry(.directory):
                current.append(directory(component, in: parent, below: top))
            case .entry(let entry):
                // Only a directory can contain files.
                guard pending.isEmpty else { return .missing }
                return .file(entry, Directory.path(of: current, and: component))
            }
        }
        return .directory(current)
    }

    /// Returns the components of a path in reverse order.
    private static func components(of path: [UInt8]) -> [ArraySlice<UInt8>] {
        path.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }.reversed()
    }

    /// Runtimes mount file systems over these directories.
    private static func isRuntimeMount(_ name: ArraySlice<UInt8>) -> Bool {
        ["dev", "proc", "sys"].contains { name.elementsEqual($0.utf8) }
    }

    private static let slash = UInt8(ascii: "/")
}

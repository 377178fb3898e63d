// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// Finds the libraries that a program requires, and the libraries that these require, as the
/// program's loader does.
///
/// A loader skips a library for another CPU architecture and continues the search.
struct LibraryResolver {
    /// A required library that the loader does not find.
    struct Problem: Hashable {
        enum Reason: Hashable {
            case missing
            /// Only files for other CPU architectures have its name.
            case foreign(LayerPath, CPUArchitecture)
            /// It is in a directory that the loader reads only from a cache that lacks it.
            case notInCache(LayerPath)
        }

        /// The name of the library.
        let name: [UInt8]
        /// The program or library that requires it.
        let dependent: LayerPath
        let reason: Reason
        /// A Boolean value that indicates whether the loader searches nothing that is unknown here.
        let isCertain: Bool
    }

    private let rootFileSystem: RootFileSystem
    private let config: ImageConfig
    /// The required libraries that were not found.
    private(set) var problems: [Problem] = []
    /// The program or library whose dynamic section could not be read.
    private(set) var unread: LayerPath?

    /// The maximum number of files that are loaded for a program.
    private static let fileLimit = 1000

    init(_ config: ImageConfig, in rootFileSystem: RootFileSystem) {
        self.config = config
        self.rootFileSystem = rootFileSystem
    }

    /// A file that the loader loads.
    private struct LoadedFile {
        let path: LayerPath
        /// The directories that replace `$ORIGIN`.
        let origins: [LayerPath]
        let section: ELFHeader.DynamicSection
        /// The index of the file that requires it.
        let parent: Int?
    }

    /// Looks up the libraries of a program.
    mutating func add(_ program: StartedPrograms.Program) {
        let (path, header) = (program.path, program.header)
        guard case .dynamic(let section) = header.linkage else {
            if header.linkage == .notChecked { unread = unread ?? path }
            return
        }
        let architecture = CPUArchitecture(header)
        // `EntrypointRule` reports a loader that is missing or for another CPU architecture.
        guard let search = LoaderSearchPath(program, in: rootFileSystem, config: config),
            case .found(.file(let file), _) = rootFileSystem.resolve(header.loader ?? []),
            case .elf(let loader) = file.head, CPUArchitecture(loader) == architecture
        else { return }
        let directory = path.directory ?? .root
        var files = [LoadedFile(path: path, origins: [directory], section: section, parent: nil)]
        // The loader itself is loaded already.
        var names: Set<[UInt8]> = [Array(LayerPath(header.loader ?? []).name)]
        var next = 0
        while next < files.count, files.count <= Self.fileLimit {
            for name in files[next].section.needed where !names.contains(name) {
                names.insert(name)
                guard !search.isBuiltIn(name) else { continue }
                let outcome = find(
                    name, for: next, of: files, searching: search, architecture: architecture)
                switch outcome {
                case .found(let found, let header):
                    guard case .dynamic(let section) = header.linkage else {
                        if header.linkage == .notChecked { unread = unread ?? found.path }
                        continue
                    }
                    if let own = section.name { names.insert(own) }
                    files.append(
                        LoadedFile(
                            path: found.path, origins: found.origins, section: section,
                            parent: next))
                case .undetermined: continue
                case .failed(let reason):
                    problems.append(
                        Problem(
                            name: name, dependent: files[next].path, reason: reason,
                            isCertain: search.isKnown(name, reason)
                                && !candidates(name, for: next, of: files, search)
                                    .contains(where: search.isInVolume)
                        ))
                }
            }
            next += 1
        }
    }

    // MARK: Search

    private enum Outcome {
        case found((path: LayerPath, origins: [LayerPath]), ELFHeader)
        case failed(Problem.Reason)
        /// The result depends on a layer that was not scanned, or on a volume.
        case undetermined
    }

    private func find(
        _ name: [UInt8], for index: Int, of files: [LoadedFile], searching search: LoaderSearchPath,
        architecture: CPUArchitecture
    ) -> Outcome {
        var foreign: Problem.Reason?
        let workingDirectory = LayerPath(config.workingDirectory)
        for path in candidates(name, for: index, of: files, search) {
            switch rootFileSystem.resolve(path, in: workingDirectory) {
            case .found(.file(let file), let resolved):
                guard case .elf(let header) = file.head else { continue }
                guard CPUArchitecture(header) == architecture else {
                    foreign = foreign ?? .foreign(resolved, CPUArchitecture(header))
                    continue
                }
                let origins = [LayerPath(path, in: workingDirectory), resolved].compactMap(
                    \.directory)
                return .found((resolved, origins), header)
            case .found, .missing: continue
            case .runtimeMount, .undetermined: return .undetermined
            }
        }
        if let foreign { return .failed(foreign) }
        for directory in search.configured {
            let path = directory + [UInt8(ascii: "/")] + name
            if case .found(.file(let file), let resolved) = rootFileSystem.resolve(path),
                case .elf(let header) = file.head, CPUArchitecture(header) == architecture
            {
                return .failed(.notInCache(resolved))
            }
        }
        return .failed(.missing)
    }

    /// Returns the paths at which the loader looks for a library, in its order.
    private func candidates(
        _ name: [UInt8], for index: Int, of files: [LoadedFile], _ search: LoaderSearchPath
    ) -> [[UInt8]] {
        let file = files[index]
        guard !name.contains(UInt8(ascii: "/")) else {
            return search.expand(name, origins: file.origins)
        }
        var directories: [[UInt8]] = []
        var ancestor: Int? = index
        // glibc ignores the older run paths if the file has a newer one.
        let usesOlder = file.section.runPath == nil || search.family == .musl
        while let position = ancestor, usesOlder {
            let current = files[position]
            let paths =
                search.family == .musl
                ? [current.section.runPath ?? current.section.olderRunPath]
                : [current.section.runPath == nil ? current.section.olderRunPath : nil]
            for path in paths.compactMap(\.self) {
                directories += search.expand(path, origins: current.origins)
            }
            ancestor = current.parent
        }
        directories += search.environment ?? []
        if let runPath = file.section.runPath, search.family == .glibc {
            directories += search.expand(runPath, origins: file.origins)
        }
        let cached = search.cache?[name] ?? []
        let defaults = file.section.usesDefaultDirectories ? search.defaults : []
        let path = { (directory: [UInt8]) in directory + [UInt8(ascii: "/")] + name }
        return directories.map(path) + cached + defaults.map(path)
    }
}

extension LoaderSearchPath {
    /// Returns whether the loader provides a library itself.
    ///
    /// Source: musl, ldso/dynlink.c, `load_library`; the vDSO is the kernel's.
    fileprivate func isBuiltIn(_ name: [UInt8]) -> Bool {
        guard family == .musl, name.starts(with: "lib".utf8) else {
            return name.starts(with: "linux-vdso".utf8) || name.starts(with: "linux-gate".utf8)
        }
        let stem = name.dropFirst(3).prefix { $0 != UInt8(ascii: ".") }
        return ["c", "pthread", "rt", "m", "dl", "util", "xnet"].contains {
            stem.elementsEqual($0.utf8)
        }
    }

    /// Returns whether everything is known that decides that the loader does not find a library.
    fileprivate func isKnown(_ name: [UInt8], _ reason: LibraryResolver.Problem.Reason) -> Bool {
        if case .notInCache = reason { return false }
        return environment == nil && !isIncomplete && !Self.isInjected(name)
    }

    /// Returns whether a volume may be mounted over a path.
    fileprivate func isInVolume(_ path: [UInt8]) -> Bool {
        let path = LayerPath(path)
        return volumes.contains { volume in
            volume == .root || path.bytes.starts(with: volume.bytes + [UInt8(ascii: "/")])
        }
    }

    /// Returns whether runtimes mount a library into the container.
    ///
    /// Source: NVIDIA, libnvidia-container, src/nvc_info.c.
    private static func isInjected(_ name: [UInt8]) -> Bool {
        [
            "libcuda.so", "libcudadebugger.so", "libnvidia-", "libnvcuvid.so", "libnvoptix.so",
            "libGLX_nvidia.so", "libEGL_nvidia.so", "libGLESv1_CM_nvidia.so",
            "libGLESv2_nvidia.so", "libvdpau_nvidia.so",
        ].contains { name.starts(with: $0.utf8) }
    }
}

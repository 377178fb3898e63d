// SPDX-License-Identifier: Apache-2.0

internal import Hashing
internal import OCI
internal import StrictJSON
internal import TextSafety

/// The `index.json` of a layout: its manifests, some of them with a tag.
///
/// It is edited as a JSON tree, so that members and annotations of other tools are preserved.
///
/// Source: image-spec, image-layout.md § index.json file.
struct LayoutIndex {
    private var members: [JSONValue.Member]
    private var entries: [JSONValue]
    /// The entries as descriptors.
    let descriptors: [Descriptor]

    private static let refName = "org.opencontainers.image.ref.name"
    /// The annotations that may have a full name such as `docker.io/library/redis:7.4`.
    ///
    /// Source: containerd and docker save write `io.containerd.image.name`.
    private static let nameKeys = [refName, "io.containerd.image.name"]

    /// Creates an index without manifests.
    init() {
        members = [
            JSONValue.Member("schemaVersion", .integer(2)),
            JSONValue.Member("mediaType", .string(MediaType.ociIndex.name)),
        ]
        entries = []
        descriptors = []
    }

    /// Parses an index.
    init(parsing bytes: [UInt8]) throws(JSONError) {
        let json = try JSONValue(parsing: bytes, allowsDuplicateKeys: true)
        guard case .object(let members) = json,
            case .array(let entries)? = members.first(where: { $0.name == "manifests" })?.value
        else { throw JSONError(location: "manifests", reason: "is missing") }
        self.members = members.filter { $0.name != "manifests" }
        self.entries = entries
        let raw = RawManifest(describing: bytes, as: .ociIndex)
        guard case .index(let index) = try raw.decoded() else { preconditionFailure("an index") }
        descriptors = index.manifests
    }

    /// The text to store.
    var text: String {
        JSONValue.object(members + [JSONValue.Member("manifests", .array(entries))]).text
    }

    /// Returns the tags of the index, and those of full names.
    ///
    /// - Parameter imageName: The full name without its tag; `nil` for any.
    /// - Returns: The tags, in the order of the entries.
    func tags(of imageName: String?) -> [Tag] {
        descriptors.flatMap { entry in
            Self.names(of: entry)
                .filter { name in imageName.map { name.hasPrefix($0 + ":") } ?? true }
                .compactMap(Self.tag)
        }
    }

    /// The entries as text for users: a name, or the digest of an untagged manifest.
    var contents: [String] {
        descriptors.map { entry in
            Self.names(of: entry).first.map { UntrustedText($0).display(limit: 100) }
                ?? "the untagged manifest \(entry.digest)"
        }
    }

    /// Returns the tags and full names of an entry.
    private static func names(of entry: Descriptor) -> [String] {
        nameKeys.compactMap { entry.annotations[$0] }
    }

    /// Returns the tag of a name, which is a tag or ends in one.
    private static func tag(of name: String) -> Tag? {
        if let tag = try? Tag(parsing: name) { return tag }
        return (try? Reference(parsing: name))?.tag
    }

    /// Returns the descriptor of a name for a reader; `nil` if it is not listed.
    ///
    /// A tag may also be that of a full name, if no other manifest has it. A tag that no name has
    /// selects the only manifest of a layout if that is untagged, as `skopeo copy … oci:DIR` and
    /// `podman save` write it.
    ///
    /// - Parameters:
    ///   - name: The tag or digest.
    ///   - imageName: The full name without its tag, which then has to match; `nil` for any.
    /// - Returns: The descriptor.
    func find(_ name: ManifestName, of imageName: String? = nil) -> Descriptor? {
        guard case .tag(let tag) = name else { return resolve(name) }
        if imageName == nil, let listed = resolve(name) { return listed }
        let named = descriptors.filter { entry in
            Self.names(of: entry).contains { text in
                imageName.map { text == "\($0):\(tag)" } ?? (Self.tag(of: text) == tag)
            }
        }
        if let first = named.first {
            return named.allSatisfy { $0.digest == first.digest } ? first : nil
        }
        guard imageName == nil else { return nil }
        guard descriptors.count == 1, Self.names(of: descriptors[0]).isEmpty else { return nil }
        return descriptors[0]
    }

    /// Returns the descriptor of a name; `nil` if it is not listed.
    func resolve(_ name: ManifestName) -> Descriptor? {
        switch name {
        case .tag(let tag): descriptors.first { $0.annotations[Self.refName] == tag.name }
        case .digest(let digest): descriptors.first { $0.digest == digest }
        }
    }

    /// Lists a manifest under a name.
    ///
    /// Another entry with the tag is removed. Untagged entries that the manifest references are
    /// removed as well, because they are now reachable through it. An equal entry is preserved with
    /// all members that other tools added.
    mutating func list(_ manifest: Descriptor, as name: ManifestName, above children: [Descriptor])
    {
        let below = Set(children.map(\.digest))
        var remaining: [JSONValue] = []
        var isListed = false
        for (entry, descriptor) in zip(entries, descriptors) {
            let tag = descriptor.annotations[Self.refName]
            let isSame = descriptor.isSameContent(as: manifest)
            switch name {
            case .tag(let new) where tag == new.name:
                guard isSame, !isListed else { continue }
                isListed = true
            case .tag where tag == nil && isSame: continue
            case .digest where isSame: isListed = true
            case _ where tag == nil && below.contains(descriptor.digest): continue
            default: break
            }
            remaining.append(entry)
        }
        guard !isListed else {
            entries = remaining
            return
        }
        var members = [
            JSONValue.Member("mediaType", .string(manifest.mediaType.name)),
            JSONValue.Member("digest", .string(manifest.digest.description)),
            JSONValue.Member("size", .integer(manifest.size)),
        ]
        if case .tag(let tag) = name {
            members.append(
                JSONValue.Member(
                    "annotations", .object([JSONValue.Member(Self.refName, .string(tag.name))])))
        }
        entries = remaining + [.object(members)]
    }
}

extension Descriptor {
    /// Returns whether two descriptors have the same digest, size and media type.
    fileprivate func isSameContent(as other: Descriptor) -> Bool {
        digest == other.digest && mediaType == other.mediaType && size == other.size
    }
}

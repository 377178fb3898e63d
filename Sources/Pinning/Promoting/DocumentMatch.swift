// SPDX-License-Identifier: Apache-2.0

/// Matches the documents of one file, and of YAML texts in it, with those of another file.
///
/// Documents match by their kind and `metadata.name`, with the namespace if names are not unique;
/// otherwise by their kind, if each file has one unmatched document of the kind; documents without
/// a name by their position among such documents. If more than one document matches, the result is
/// ambiguous.
struct DocumentMatch {
    enum Counterpart: Hashable {
        case missing
        case document(Int)
        /// Several documents match; at most ``DocumentMatch/choiceLimit`` and one more are listed.
        case ambiguous([Int])
    }

    /// A text that contains documents; in the file itself, `parent` is `nil`.
    private struct Location: Hashable {
        let parent: Int?
        let path: SitePath
    }

    /// The maximum number of candidates, so that thousands of documents with one name are not
    /// compared with thousands.
    static let choiceLimit = 100

    private let source: [DocumentScope]
    private let target: [DocumentScope]
    /// The counterpart of each document of the target file, by its index in ``FoundSites/scopes``.
    private(set) var counterparts: [Counterpart]

    init(from source: [DocumentScope], to target: [DocumentScope]) {
        self.source = source
        self.target = target
        counterparts = target.map { _ in .missing }
        let sources = Self.siblings(source)
        // Outer documents come before the documents in their texts.
        for (location, siblings) in Self.siblings(target).sorted(by: { $0.value[0] < $1.value[0] }
        ) {
            switch location.parent.map({ counterparts[$0] }) {
            case nil:
                pair(sources[location] ?? [], siblings)
            case .document(let parent)?:
                pair(sources[Location(parent: parent, path: location.path)] ?? [], siblings)
            case .ambiguous(let parents)?:
                var candidates: [Int] = []
                for parent in parents where candidates.count <= Self.choiceLimit {
                    let location = Location(parent: parent, path: location.path)
                    candidates += (sources[location] ?? []).prefix(Self.choiceLimit + 1)
                }
                for number in siblings { choose(number, among: candidates) }
            case .missing?:
                continue
            }
        }
    }

    /// Returns the documents of each text, except for empty ones.
    private static func siblings(_ scopes: [DocumentScope]) -> [Location: [Int]] {
        Dictionary(grouping: scopes.indices.filter { !scopes[$0].isEmpty }) {
            Location(parent: scopes[$0].parent, path: scopes[$0].path)
        }
    }

    private mutating func pair(_ old: [Int], _ new: [Int]) {
        if old.count == 1, new.count == 1 {
            counterparts[new[0]] = .document(old[0])
            return
        }
        let oldNames = Dictionary(grouping: old) { source[$0].id }
        let newNames = Dictionary(grouping: new) { target[$0].id }
        for (id, new) in newNames {
            guard let id else {
                pairByPosition(oldNames[nil] ?? [], new)
                continue
            }
            pairNamesakes(oldNames[id] ?? [], new)
        }
        // Documents with other names in the other environment, such as with a suffix, match by
        // kind.
        let unmatchedOld = Dictionary(
            grouping: old.filter { source[$0].id.map { newNames[$0] == nil } ?? false }
        ) { source[$0].kind }
        let unmatchedNew = Dictionary(
            grouping: new.filter { target[$0].id.map { oldNames[$0] == nil } ?? false }
        ) { target[$0].kind }
        for (kind, new) in unmatchedNew {
            let candidates = unmatchedOld[kind] ?? []
            if candidates.count == 1, new.count == 1 {
                counterparts[new[0]] = .document(candidates[0])
            } else {
                for number in new { choose(number, among: candidates) }
            }
        }
    }

    private mutating func pairByPosition(_ old: [Int], _ new: [Int]) {
        guard old.count == new.count else {
            for number in new { choose(number, among: old) }
            return
        }
        for (old, new) in zip(old, new) { counterparts[new] = .document(old) }
    }

    private mutating func pairNamesakes(_ old: [Int], _ new: [Int]) {
        if old.count == 1, new.count == 1 {
            counterparts[new[0]] = .document(old[0])
            return
        }
        let oldSpaces = Dictionary(grouping: old) { source[$0].namespace }
        let newSpaces = Dictionary(grouping: new) { target[$0].namespace }
        for number in new {
            let space = target[number].namespace
            let candidates = oldSpaces[space] ?? old
            if candidates.count == 1, oldSpaces[space] != nil, newSpaces[space]?.count == 1 {
                counterparts[number] = .document(candidates[0])
            } else {
                choose(number, among: candidates)
            }
        }
    }

    private mutating func choose(_ number: Int, among candidates: [Int]) {
        counterparts[number] =
            candidates.isEmpty
            ? .missing : .ambiguous(Array(candidates.prefix(Self.choiceLimit + 1)))
    }
}

extension DocumentScope {
    fileprivate struct ID: Hashable {
        let kind: String
        let name: String
    }

    /// The kind and name by which Kubernetes distinguishes documents, without the namespace.
    fileprivate var id: ID? {
        guard let kind, let name else { return nil }
        return ID(kind: kind, name: name)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Pairs the documents of one file with those of another, and those in texts that are YAML themselves.
///
/// A document is known by its kind and `metadata.name`, with the namespace where the names do not suffice;
/// else by its kind, where each file has one such document left; without a name by its position among those
/// without one. Whatever leaves a choice is ambiguous and never decided.
struct DocumentMatch {
    enum Counterpart: Hashable {
        case missing
        case document(Int)
        /// Each of these could be meant; no more than ``DocumentMatch/choiceLimit`` and one are listed.
        case ambiguous([Int])
    }

    /// A text that holds documents; in the file itself, `parent` is nil.
    private struct Place: Hashable {
        let parent: Int?
        let path: SitePath
    }

    /// How many candidates are looked at, so that thousands of namesakes are not compared with thousands.
    static let choiceLimit = 100

    private let source: [DocumentScope]
    private let destination: [DocumentScope]
    /// The counterpart of each document of the destination, by its place in ``FoundSites/scopes``.
    private(set) var counterparts: [Counterpart]

    init(from source: [DocumentScope], to destination: [DocumentScope]) {
        self.source = source
        self.destination = destination
        counterparts = destination.map { _ in .missing }
        let sources = Self.siblings(source)
        // Outer documents come before those in their texts.
        for (place, siblings) in Self.siblings(destination).sorted(by: { $0.value[0] < $1.value[0] }
        ) {
            switch place.parent.map({ counterparts[$0] }) {
            case nil:
                pair(sources[place] ?? [], siblings)
            case .document(let parent)?:
                pair(sources[Place(parent: parent, path: place.path)] ?? [], siblings)
            case .ambiguous(let parents)?:
                var candidates: [Int] = []
                for parent in parents where candidates.count <= Self.choiceLimit {
                    let place = Place(parent: parent, path: place.path)
                    candidates += (sources[place] ?? []).prefix(Self.choiceLimit + 1)
                }
                for number in siblings { choose(number, among: candidates) }
            case .missing?:
                continue
            }
        }
    }

    /// The documents of each text, those without a value left out.
    private static func siblings(_ scopes: [DocumentScope]) -> [Place: [Int]] {
        Dictionary(grouping: scopes.indices.filter { !scopes[$0].isEmpty }) {
            Place(parent: scopes[$0].parent, path: scopes[$0].path)
        }
    }

    private mutating func pair(_ old: [Int], _ new: [Int]) {
        if old.count == 1, new.count == 1 {
            counterparts[new[0]] = .document(old[0])
            return
        }
        let oldNames = Dictionary(grouping: old) { source[$0].id }
        let newNames = Dictionary(grouping: new) { destination[$0].id }
        for (id, new) in newNames {
            guard let id else {
                pairByPosition(oldNames[nil] ?? [], new)
                continue
            }
            pairNamesakes(oldNames[id] ?? [], new)
        }
        // Those with other names in the other environment, as with a suffix, by their kinds.
        let unmatchedOld = Dictionary(
            grouping: old.filter { source[$0].id.map { newNames[$0] == nil } ?? false }
        ) { source[$0].kind }
        let unmatchedNew = Dictionary(
            grouping: new.filter { destination[$0].id.map { oldNames[$0] == nil } ?? false }
        ) { destination[$0].kind }
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
        let newSpaces = Dictionary(grouping: new) { destination[$0].namespace }
        for number in new {
            let space = destination[number].namespace
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

    /// What Kubernetes tells documents apart by, but for the namespace.
    fileprivate var id: ID? {
        guard let kind, let name else { return nil }
        return ID(kind: kind, name: name)
    }
}

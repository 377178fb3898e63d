// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Wording

extension Tag {
    /// The tags of a repository that come nearest to one that does not exist, at most `limit`.
    func nearest(in tags: [Tag], limit: Int = 3) -> [Tag] {
        tags.map { (tag: $0, distance: Suggestion.distance(from: name, to: $0.name)) }
            .sorted { ($0.distance, $0.tag) < ($1.distance, $1.tag) }
            .prefix(limit).map(\.tag)
    }
}

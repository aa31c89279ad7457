"""The journal of a campaign: finished blocks, durable, checked, and tied to one campaign.

- `entries`: the unit of a journal, a JSON object with the digest that proves it.
- `entry_log`: the protocol of a storage of entries; `storage` chooses the member, `sqlite_log` is
  the one member.
- `identity` and `versions`: the campaign to which a journal belongs.
- `journal`: the journal that a run keeps; `merge` joins the journals of shards.
"""

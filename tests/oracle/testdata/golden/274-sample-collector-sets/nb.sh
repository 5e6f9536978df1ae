# Of the set of a collector the flows have eight bits.
ovn-nbctl ls-add sw1
i=0
for set in 300 4294967295 256 255 65536; do i=$((i+1))
ovn-nbctl --id=@c create Sample_Collector id=$i name=c$i probability=65535 set_id=$set || continue
ovn-nbctl --id=@s create Sample metadata=$i collectors=$(ovn-nbctl --bare --columns=_uuid find Sample_Collector id=$i) -- --id=@a create ACL direction=to-lport action=allow-related match=ip$((4+i%2*2)) priority=$i sample_new=@s -- add Logical_Switch sw1 acls @a
done
ovn-nbctl --id=@s create Sample metadata=77 collectors=$(ovn-nbctl --bare --columns=_uuid find Sample_Collector id=1),$(ovn-nbctl --bare --columns=_uuid find Sample_Collector id=2) -- --id=@a create ACL direction=to-lport action=allow-related match=ip4 priority=77 sample_new=@s sample_est=@s -- add Logical_Switch sw1 acls @a
ovn-nbctl create Sampling_App type=acl-new id=42
ovn-nbctl --id=@s create Sample metadata=78 collectors=$(ovn-nbctl --bare --columns=_uuid find Sample_Collector id=1),$(ovn-nbctl --bare --columns=_uuid find Sample_Collector id=2) -- --id=@a create ACL direction=from-lport action=drop match=ip4 priority=78 sample_new=@s sample_est=@s -- add Logical_Switch sw1 acls @a
ovn-nbctl --id=@s create Sample metadata=79 collectors=$(ovn-nbctl --bare --columns=_uuid find Sample_Collector id=1) -- --id=@a create ACL direction=from-lport action=allow-related match=ip4 priority=79 sample_new=@s sample_est=@s label=5 -- add Logical_Switch sw1 acls @a
ovn-nbctl --id=@s create Sample metadata=80 collectors=$(ovn-nbctl --bare --columns=_uuid find Sample_Collector id=1) -- --id=@a create ACL direction=from-lport action=allow-related match=ip4 priority=80 sample_est=@s -- add Logical_Switch sw1 acls @a

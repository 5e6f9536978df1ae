ovn-nbctl meter-add mig drop 10 pktps; ovn-nbctl copp-add cp igmp mig
for i in 0 1 2 3; do ovn-nbctl ls-add sw$i -- lsp-add sw$i far$i -- lsp-set-type far$i remote; ovn-nbctl ls-copp-add cp sw$i; done
ovn-nbctl set Logical_Switch sw0 other_config:mcast_snoop=true
ovn-nbctl set Logical_Switch sw1 other_config:interconn-ts=sw1
ovn-nbctl set Logical_Switch sw2 other_config:interconn-ts=sw2 other_config:mcast_snoop=true
ovn-nbctl set Logical_Switch sw3 other_config:interconn-ts=sw3 other_config:mcast_snoop=true -- lsp-set-enabled far3 disabled

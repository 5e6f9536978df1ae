# A delegated prefix is written back where options:prefix asks for one.
ovn-nbctl lr-add r
ovn-nbctl lrp-add r rp 0a:00:00:00:00:01 10.0.5.2/24
ovn-nbctl lrp-add r rq 0a:00:00:00:00:02 10.0.6.2/24
ovn-nbctl lrp-add r rs 0a:00:00:00:00:03 10.0.7.2/24
ovn-nbctl lrp-add r rt 0a:00:00:00:00:04 10.0.8.2/24
ovn-nbctl set Logical_Router_Port rq options:prefix=true -- set Logical_Router_Port rs options:prefix=TRUE -- set Logical_Router_Port rt options:prefix_delegation=true
ovn-nbctl ls-add s -- lsp-add s sr -- lsp-set-type sr router -- lsp-set-addresses sr router -- lsp-set-options sr router-port=rp 
for p in rp rq rs rt; do ovn-sbctl set Port_Binding $p options:ipv6_ra_pd_list='"66000:fd66::/64"'; ovn-nbctl sync; done
ovn-nbctl set Logical_Router_Port rp options:prefix=true
ovn-nbctl sync
ovn-nbctl lrp-add r ru 0a:00:00:00:00:05 10.0.9.2/24 -- set Logical_Router_Port ru options:prefix=true
ovn-nbctl sync
ovn-sbctl set Port_Binding ru options:ipv6_ra_pd_list='"66000:fd66::/64"'
ovn-nbctl sync
ovn-nbctl set Logical_Router_Port ru options:prefix=false
ovn-nbctl sync
ovn-nbctl lrp-add r rv 0a:00:00:00:00:06 10.0.10.2/24 -- set Logical_Router_Port rv options:prefix=true
ovn-nbctl sync
ovn-sbctl set Port_Binding rv options:ipv6_ra_pd_list='"66000:fd66::/64,5:fd77::/64"'
ovn-nbctl sync
ovn-sbctl remove Port_Binding rv options ipv6_ra_pd_list
ovn-nbctl sync
